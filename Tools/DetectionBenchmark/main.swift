// `detection-benchmark [WORD…]`: our SecLang engine beside libmodsecurity. A word picks rows; `alone` leaves the peer out.
// Exits 1 when a ratio misses its bar. `detection-benchmark levels …`: what the peer finds; see PeerLevels.
internal import Glibc

let words = Array(CommandLine.arguments.dropFirst())
if words.first == "levels" {
    try PeerLevels(Array(words.dropFirst())).run()
    exit(0)
}
exit(try DetectionBenchmark.run(words) ? 0 : 1)
