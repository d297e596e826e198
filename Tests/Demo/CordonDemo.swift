import ArgumentParser

/// The main job on real input, told as it happens.
@main
struct CordonDemo: AsyncParsableCommand {
    func run() async throws {}
}
