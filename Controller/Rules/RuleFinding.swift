/// What is wrong with a rule, or doubtful in it.
package struct RuleFinding: Sendable, Hashable {
    package enum Weight: String, Sendable, Hashable {
        /// The rule is refused.
        case fault
        /// The rule is used.
        case warning
    }

    package let weight: Weight
    package let file: String
    /// From 1; 0 where it is the file as a whole.
    package let line: Int
    /// The rule's `id`, or its title; `nil` where neither is known.
    package let rule: String?
    /// One sentence.
    package let reason: String
    /// Where the specification says so.
    package let place: String

    init(_ weight: Weight, _ fault: RuleFault, file: String, rule: String?) {
        (self.weight, self.file, self.line, self.rule) = (weight, file, fault.line, rule)
        (reason, place) = (fault.reason, fault.place.rawValue)
    }
}

extension RuleFinding: CustomStringConvertible {
    package var description: String { "\(file):\(line): \(weight.rawValue): \(reason) (\(place))" }
}

/// Why one document is no usable rule.
struct RuleFault: Error, Hashable {
    let line: Int
    let reason: String
    let place: SpecificationPlace

    init(_ line: Int, _ reason: String, _ place: SpecificationPlace) {
        (self.line, self.reason, self.place) = (line, reason, place)
    }
}

/// The chapters of the Sigma specification 2.1.0, and of our answers where it leaves a point open.
enum SpecificationPlace: String, Sendable {
    case yaml = "Rules, Yaml File"
    case fileStructure = "Rules, File Structure"
    case title = "Rules, Title"
    case identification = "Rules, Identification"
    case name = "Rules, Name"
    case taxonomy = "Rules, Taxonomy"
    case status = "Rules, Status"
    case author = "Rules, Author"
    case description = "Rules, Description"
    case dates = "Rules, Date; Changes in 2.0.0, Date & Modified Field"
    case logSource = "Rules, LogSource"
    case detection = "Rules, Detection"
    case lists = "Rules, Lists"
    case maps = "Rules, Maps"
    case specialValues = "Rules, Special Field Values"
    case existence = "Rules, Field Existence"
    case placeholders = "Rules, Placeholders"
    case keywords = "Rules, Keywords search"
    case condition = "Rules, Condition"
    case aggregation = "Correlations, Expression of Relationships In The Condition"
    case level = "Rules, Level"
    case modifiers = "Modifiers"
    case genericModifiers = "Modifiers, Generic Modifiers"
    case stringModifiers = "Modifiers, String Modifiers"
    case regularExpression = "Modifiers, Regular Expression"
    case encoding = "Modifiers, Encoding"
    case numericModifiers = "Modifiers, Numeric Modifiers"
    case timeModifiers = "Modifiers, Time Modifiers"
    case networkModifiers = "Modifiers, IP Modifiers"
    case specificModifiers = "Modifiers, Specific Modifiers"
    case correlation = "Correlations, Correlation section"
    case correlationType = "Correlations, Correlation type"
    case correlationRules = "Correlations, Related rules"
    case aliases = "Correlations, Aliases"
    case grouping = "Correlations, Grouping"
    case timespan = "Correlations, Time Selection"
    case correlationCondition = "Correlations, Condition"
    case generate = "Correlations, Generate"
    case filter = "Filters, Global Filter"
    case limits = "Cordon's limits"
}
