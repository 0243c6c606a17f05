internal import CPostgreSQL

/// The parameters of one statement as libpq takes them: four parallel arrays over one buffer.
struct ParameterBuffer {
    private var bytes: [UInt8] = []
    private var ranges: [Range<Int>?] = []
    private(set) var lengths: [Int32] = []
    let types: [UInt32]

    init(_ parameters: [SQLValue]) {
        types = parameters.map(\.type.oid)
        ranges.reserveCapacity(parameters.count)
        lengths.reserveCapacity(parameters.count)
        for parameter in parameters {
            let start = bytes.count
            parameter.encode(into: &bytes)
            ranges.append(parameter.isNull ? nil : start..<bytes.count)
            lengths.append(Int32(bytes.count - start))
        }
        // A pointer to an empty buffer may be null, and null means NULL; one spare byte keeps '' what it is.
        bytes.append(0)
    }

    func withPointers<Result>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
    ) -> Result {
        unsafe bytes.withUnsafeBytes { buffer in
            let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers = unsafe ranges.map { range in
                unsafe range.flatMap { unsafe start?.advanced(by: $0.lowerBound) }
            }
            let binary = [Int32](repeating: 1, count: ranges.count)
            return unsafe pointers.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe binary.withUnsafeBufferPointer { formats in
                        unsafe body(Int32(ranges.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}
