import Synchronization

/// How much memory all answers being compressed may take together. A compressor lives as long as its client reads, and
/// clients may read slowly, so it is bounded; beyond it answers leave as they are.
final class CompressionMemory: Sendable {
    private static let maximumKilobytes = 256 << 10
    private let taken = Atomic<Int>(0)

    /// Given back when the last reference to it goes.
    final class Share: Sendable {
        private let memory: CompressionMemory
        private let kilobytes: Int

        fileprivate init(_ memory: CompressionMemory, _ kilobytes: Int) {
            (self.memory, self.kilobytes) = (memory, kilobytes)
        }

        deinit { memory.taken.subtract(kilobytes, ordering: .relaxed) }
    }

    func take(for coding: ContentCoding) -> Share? {
        let kilobytes = Self.kilobytes(coding)
        guard taken.add(kilobytes, ordering: .relaxed).newValue <= Self.maximumKilobytes else {
            taken.subtract(kilobytes, ordering: .relaxed)
            return nil
        }
        return Share(self, kilobytes)
    }

    /// What the libraries allocate for one stream, measured, with the windows our encoders use.
    private static func kilobytes(_ coding: ContentCoding) -> Int {
        switch coding {
        case .gzip: 300
        case .brotli: 2_800
        }
    }
}
