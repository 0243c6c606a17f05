/// gzip (RFC 1952) of one answer's content; about 270 KB while it lives.
package final class GzipEncoder: ContentEncoder {
    private var deflater: Deflater

    /// 1, the fastest, to 9.
    package init(level: Int) { deflater = Deflater(.gzip, level: min(max(level, 1), 9)) }

    package func encode(_ piece: [UInt8], flush: Bool) -> [UInt8] {
        guard !piece.isEmpty || flush else { return [] }
        return run(piece, flush ? .sync : .none)
    }

    package func finish() -> [UInt8] { run([], .finish) }

    private func run(_ piece: [UInt8], _ flush: Deflater.Flush) -> [UInt8] {
        var output: [UInt8] = []
        deflater.compress(piece.span, flush, into: &output)
        return output
    }
}
