package import CordonModel

extension Cordon_V1_IsolationPreflight {
    private static let (reasonLimit, textLimit) = (16, 500)

    package init(_ preflight: IsolationPreflight) {
        self.init()
        verdict =
            switch preflight.verdict {
            case .safe: .safe
            case .degraded: .degraded
            case .refused: .refused
            }
        reasons = preflight.reasons.prefix(Self.reasonLimit).map { $0.bounded(Self.textLimit) }
    }

    /// As the model knows it, texts cut; `nil` where nothing, or nothing known, is said.
    package func model() -> IsolationPreflight? {
        let known: IsolationPreflight.Verdict? =
            switch verdict {
            case .safe: .safe
            case .degraded: .degraded
            case .refused: .refused
            case .unspecified, .UNRECOGNIZED: nil
            }
        return known.map { verdict in
            IsolationPreflight(
                verdict: verdict, reasons: reasons.prefix(Self.reasonLimit).map { $0.bounded(Self.textLimit) })
        }
    }
}
