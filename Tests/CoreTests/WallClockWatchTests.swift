import Core
import Testing

@Suite struct WallClockWatchTests {
    @Test("a clock that was set is noticed once, by how much, in both directions; one that is slightly off is not")
    func jumps() {
        let (wall, monotonic) = (Timestamp(seconds: 1_780_000_000), Deadline(uptimeNanoseconds: 5_000_000_000))
        var watch = WallClockWatch(wall: wall, monotonic: monotonic)
        func look(after seconds: Int64, wallSays: Int64) -> Duration? {
            watch.jump(wall: wall + .seconds(wallSays), monotonic: monotonic + .seconds(seconds))
        }
        #expect(look(after: 10, wallSays: 10) == nil)
        #expect(look(after: 20, wallSays: 21) == nil)
        #expect(look(after: 30, wallSays: 3_631) == .seconds(3_600))
        #expect(look(after: 40, wallSays: 3_641) == nil)
        #expect(look(after: 50, wallSays: 51) == .seconds(-3_600))
        #expect(look(after: 7_000, wallSays: 7_001) == nil)
    }
}
