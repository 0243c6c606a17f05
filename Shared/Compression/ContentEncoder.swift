/// Compresses a stream of pieces. Everything handed in comes out after a `flush` or at the end; between them an encoder
/// keeps no more than its own window. Used by one task at a time.
package protocol ContentEncoder: AnyObject {
    /// What there is to send so far; may be empty. With `flush` it holds everything taken in until now.
    func encode(_ piece: [UInt8], flush: Bool) throws(CompressionFailure) -> [UInt8]
    /// The last bytes. Nothing may be encoded afterwards.
    func finish() throws(CompressionFailure) -> [UInt8]
}

package enum CompressionFailure: Error, Equatable, CustomStringConvertible {
    /// The library had no memory for another encoder.
    case outOfMemory
    /// Must not happen: the library refused its own state.
    case library(String)

    package var description: String {
        switch self {
        case .outOfMemory: "there is no memory for another compressor; lower the number of connections"
        case .library(let reason): "the compression library failed: \(reason)"
        }
    }
}
