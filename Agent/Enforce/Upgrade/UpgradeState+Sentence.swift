package import CordonWire

extension Cordon_V1_UpgradeState {
    /// For people.
    package var sentence: String {
        let what =
            switch stage {
            case .unspecified, .UNRECOGNIZED: "nothing is under way."
            case .fetching: "\(have) of \(size) bytes of its packages are here."
            case .installing: "it is being installed, or the host is looked at afterwards."
            case .done: "it is installed, and the host is well."
            case .refused: "it was not taken, and nothing was changed."
            case .wentBack: "it was gone back from; the version before is installed."
            case .failed: "it failed, and so did going back."
            }
        return "upgrade to \(version): \(what)" + (fault.isEmpty ? "" : " \(fault)")
    }
}
