internal import CBrotli

/// brotli (RFC 7932) by Google's encoder, with a window of 64 KB: what one stream holds is then 1.6 MB at
/// level 4 and at most 2.8 MB, instead of tens.
@safe package final class BrotliEncoder: ContentEncoder {
    private static let windowBits: UInt32 = 16
    private static let outputStep = 16 << 10
    private let state: OpaquePointer

    /// 0, the fastest, to 11.
    package init(level: Int) throws(CompressionFailure) {
        guard let made = unsafe BrotliEncoderCreateInstance(nil, nil, nil) else { throw .outOfMemory }
        unsafe state = made
        unsafe BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, UInt32(min(max(level, 0), 11)))
        unsafe BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, Self.windowBits)
    }

    deinit { unsafe BrotliEncoderDestroyInstance(state) }

    package func encode(_ piece: [UInt8], flush: Bool) throws(CompressionFailure) -> [UInt8] {
        guard !piece.isEmpty || flush else { return [] }
        return try run(piece, flush ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS)
    }

    package func finish() throws(CompressionFailure) -> [UInt8] { try run([], BROTLI_OPERATION_FINISH) }

    private func run(_ piece: [UInt8], _ operation: BrotliEncoderOperation) throws(CompressionFailure) -> [UInt8] {
        var output: [UInt8] = []
        var isGood = true
        unsafe piece.withUnsafeBufferPointer { input in
            var left = input.count
            var next = input.baseAddress
            repeat {
                let step = unsafe [UInt8](unsafeUninitializedCapacity: Self.outputStep) { buffer, written in
                    var room = Self.outputStep
                    var start = buffer.baseAddress
                    isGood =
                        unsafe BrotliEncoderCompressStream(state, operation, &left, &next, &room, &start, nil)
                        == BROTLI_TRUE
                    written = Self.outputStep - room
                }
                if output.isEmpty { output = step } else { output += step }
            } while unsafe isGood && (left > 0 || BrotliEncoderHasMoreOutput(state) == BROTLI_TRUE)
        }
        guard isGood else { throw .library("brotli refused to go on") }
        return output
    }
}
