internal import PatternMatching

/// `t:urlDecode`, `t:urlDecodeUni`, `t:urlEncode`. What is no valid escape stays.
enum URLTransformations {
    static func decode(_ input: Span<UInt8>, allowsUnicode: Bool, into output: inout [UInt8]) {
        let start = output.count
        output.append(input)
        let first = input.place(of: UInt8(ascii: "%"), or: UInt8(ascii: "+"))
        guard first < input.count else { return }
        var write = start + first
        // In place: nothing becomes longer.
        unsafe output.withUnsafeMutableBufferPointer { bytes in
            var index = first
            while index < input.count {
                let byte = unsafe input[unchecked: index]
                index &+= 1
                unsafe bytes[write] = byte == UInt8(ascii: "+") ? 0x20 : byte
                if byte == UInt8(ascii: "%"), let (value, length) = escape(input, index, allowsUnicode) {
                    unsafe bytes[write] = value
                    index &+= length
                }
                write &+= 1
            }
        }
        output.removeLast(output.count - write)
    }

    /// What stands behind a percent sign, and how much of it does.
    private static func escape(_ input: Span<UInt8>, _ index: Int, _ allowsUnicode: Bool) -> (UInt8, Int)? {
        if let value = Escapes.hex(input, index, digits: 2) { return (UInt8(value), 2) }
        guard allowsUnicode, index < input.count, input[index].lowercased == UInt8(ascii: "u"),
            let unit = Escapes.hex(input, index + 1, digits: 4)
        else { return nil }
        return (EscapeTransformations.lowByte(of: unit), 5)
    }

    static func encode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        for index in input.indices {
            let byte = input[index]
            if byte == 0x20 {
                output.append(UInt8(ascii: "+"))
            } else if byte.isAlphanumeric || byte == UInt8(ascii: "*") {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                HexTransformations.append(byte, &output)
            }
        }
    }
}

/// `t:hexEncode`, `t:hexDecode`, `t:sqlHexDecode`.
enum HexTransformations {
    private static let digits = Array("0123456789abcdef".utf8)

    static func append(_ byte: UInt8, _ output: inout [UInt8]) {
        output.append(digits[Int(byte >> 4)])
        output.append(digits[Int(byte & 15)])
    }

    static func encode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        for index in input.indices { append(input[index], &output) }
    }

    /// Nothing, if not all of it is pairs of digits.
    static func decode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        for index in stride(from: 0, to: input.count, by: 2) {
            guard let value = Escapes.hex(input, index, digits: 2) else {
                return output.removeAll(keepingCapacity: true)
            }
            output.append(UInt8(value))
        }
    }

    /// `0x414243` as SQL writes a string.
    static func decodeSQL(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            guard input.hasPrefix("0x", at: index), Escapes.hex(input, index + 2, digits: 2) != nil else {
                output.append(input[index])
                index += 1
                continue
            }
            index += 2
            while let value = Escapes.hex(input, index, digits: 2) {
                output.append(UInt8(value))
                index += 2
            }
        }
    }
}

/// `t:base64Encode`, `t:base64Decode` (ends at the first byte that does not belong), `t:base64DecodeExt` (passes over it).
enum Base64Transformations {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    static func decode(_ input: Span<UInt8>, into output: inout [UInt8], isLenient: Bool) {
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        let values = values.span
        for index in input.indices {
            let value = values[Int(input[index])]
            guard value != 0xff else {
                if isLenient, input[index] != UInt8(ascii: "=") { continue }
                return
            }
            pending = pending << 6 | UInt32(value)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            output.append(UInt8(truncatingIfNeeded: pending >> bits))
        }
    }

    static func encode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            var group = UInt32(input[index]) << 16
            if index + 1 < input.count { group |= UInt32(input[index + 1]) << 8 }
            if index + 2 < input.count { group |= UInt32(input[index + 2]) }
            for position in 0..<4 {
                let isPadding = index + position > input.count
                output.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(group >> (18 - 6 * UInt32(position)) & 63)])
            }
            index += 3
        }
    }
}

/// `t:utf8toUnicode`: each character beyond ASCII as `%uXXXX`. Bytes that are not UTF-8 stay.
enum UTF8ToUnicode {
    static func escape(_ input: Span<UInt8>, into output: inout [UInt8]) {
        var index = 0
        while index < input.count {
            let byte = input[index]
            guard byte >= 0x80, let (value, length) = character(input, index) else {
                output.append(byte)
                index += 1
                continue
            }
            output += [UInt8(ascii: "%"), UInt8(ascii: "u")]
            if value > 0xffff {
                if value > 0xfffff {
                    HexTransformations.append(UInt8(value >> 16), &output)
                } else {
                    output.append(Array("0123456789abcdef".utf8)[Int(value >> 16)])
                }
            }
            HexTransformations.append(UInt8(truncatingIfNeeded: value >> 8), &output)
            HexTransformations.append(UInt8(truncatingIfNeeded: value), &output)
            index += length
        }
    }

    /// Overlong forms are decoded too: that is what the transformation is for.
    private static func character(_ input: Span<UInt8>, _ index: Int) -> (UInt32, Int)? {
        let first = input[index]
        let length: Int
        switch first {
        case 0xc0...0xdf: length = 2
        case 0xe0...0xef: length = 3
        case 0xf0...0xf7: length = 4
        default: return nil
        }
        guard index + length <= input.count else { return nil }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for offset in 1..<length {
            guard input[index + offset] & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(input[index + offset] & 0x3f)
        }
        return value <= 0x10ffff ? (value, length) : nil
    }
}
