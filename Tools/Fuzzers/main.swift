// `fuzzers TARGET [libFuzzer options] [corpus folder]`: one binary, one coverage-guided fuzzer per parser.
// Built only by `make fuzz`, because libFuzzer's instrumentation is a flag for the whole build.
internal import Glibc

/// libFuzzer's own entry point: it takes the place of `main`, which SwiftPM has already given to this file.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

guard CommandLine.arguments.count > 1, let target = fuzzTargets[CommandLine.arguments[1]] else {
    let targets = fuzzTargets.keys.sorted().joined(separator: " ")
    print("usage: fuzzers TARGET [libFuzzer options] [corpus]\ntargets: \(targets)")
    exit(2)
}
let chosen = target

var count = CommandLine.argc - 1
var arguments = unsafe CommandLine.unsafeArgv + 1
exit(
    unsafe runFuzzer(&count, &arguments) { start, length in
        chosen(unsafe Array(UnsafeBufferPointer(start: start, count: length)))
        return 0
    })
