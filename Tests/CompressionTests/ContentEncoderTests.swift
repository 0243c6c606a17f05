import Compression
import Foundation
import Testing

/// What the encoders give is read by programs that are not ours: gzip from Debian, and Python's zlib.
@Suite struct ContentEncoderTests {
    private static let text = Array(String(repeating: "A page says the same thing often. ", count: 2_000).utf8)

    private func encode(_ encoder: any ContentEncoder, _ pieces: [[UInt8]], flush: Bool = false) throws -> [UInt8] {
        var output: [UInt8] = []
        for piece in pieces { output += try encoder.encode(piece, flush: flush) }
        return output + (try encoder.finish())
    }

    private func pieces(_ bytes: [UInt8], of size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }

    private func run(_ program: String, _ arguments: [String], _ input: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        try process.run()
        let writer = standardInput.fileHandleForWriting
        DispatchQueue.global().async {
            writer.write(Data(input))
            try? writer.close()
        }
        let output = standardOutput.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(output)
    }

    @Test(arguments: [1, 1_000, 65_536], [false, true])
    func `gzip is read by gzip, however it was cut`(size: Int, flush: Bool) throws {
        let text = size == 1 ? Array(Self.text.prefix(2_000)) : Self.text
        let encoded = try encode(GzipEncoder(level: 5), pieces(text, of: size), flush: flush)
        #expect(try run("gzip", ["-dc"], encoded) == text)
        if !flush { #expect(encoded.count < text.count / 4) }
    }

    @Test(arguments: [1, 1_000, 65_536], [false, true])
    func `brotli is read by brotli, however it was cut`(size: Int, flush: Bool) throws {
        let text = size == 1 ? Array(Self.text.prefix(2_000)) : Self.text
        let encoded = try encode(try BrotliEncoder(level: 4), pieces(text, of: size), flush: flush)
        #expect(try run("brotli", ["-dc"], encoded) == text)
        if !flush { #expect(encoded.count < text.count / 4) }
    }

    @Test func `What was flushed can be read before the end`() throws {
        for encoder in [GzipEncoder(level: 1), try BrotliEncoder(level: 1)] as [any ContentEncoder] {
            let first = try encoder.encode(Array("data: one\n\n".utf8), flush: true)
            #expect(first.count > 10, "an event must not wait for the next one")
        }
    }

    @Test func `Nothing at all is a valid stream too, and noise grows by little`() throws {
        #expect(try run("gzip", ["-dc"], try encode(GzipEncoder(level: 9), [])) == [])
        #expect(try run("brotli", ["-dc"], try encode(try BrotliEncoder(level: 9), [])) == [])
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255) }
        for encoder in [GzipEncoder(level: 5), try BrotliEncoder(level: 4)] as [any ContentEncoder] {
            #expect(try encode(encoder, pieces(noise, of: 16_384)).count < noise.count + 1_000)
        }
    }
}
