internal import Core

/// One place of the maze: which, and how many links deep.
struct Room: Hashable, Sendable {
    let number: UInt64
    let depth: UInt32

    static let deepest: UInt32 = 0xff_ffff
}

/// An intruder's maze. Nothing of it is stored: each room's links follow from a keyed hash of the room, so it is the same
/// at every visit and on every replica, never ends, and costs no memory.
///
/// A link carries its room as a token of 28 hexadecimal digits: 64 bits of room, 24 of depth (masked), 24 of check. The
/// check tells our links from an intruder's inventions; those, and paths without a token, are entrances of depth 0.
struct Maze: Sendable {
    static let tokenDigits = 28

    private let key: KeyedHash

    /// Purposes of the key: values of one never meet those of another.
    private enum Purpose: UInt64 {
        case entrance = 1, child, mask, check, scene, canary
    }

    init(secret: KeyedHash, intruder: UUIDv7) {
        key = secret.derived(intruder.high, intruder.low)
    }

    /// The room that a request's path leads to.
    func room(at path: some Collection<UInt8>) -> Room {
        if let room = linkedRoom(in: path) { return room }
        return Room(number: key.hash(Purpose.entrance.rawValue, key.hash(path)), depth: 0)
    }

    /// The room behind link number `index` of `room`: always one deeper.
    func child(of room: Room, _ index: Int) -> Room {
        Room(
            number: key.hash(Purpose.child.rawValue, room.number, UInt64(room.depth), UInt64(index)),
            depth: min(room.depth + 1, Room.deepest))
    }

    /// What a room looks like follows from this.
    func scene(of room: Room) -> SceneRandom {
        SceneRandom(seed: key.hash(Purpose.scene.rawValue, room.number, UInt64(room.depth)))
    }

    // MARK: Tokens

    func token(for room: Room) -> String {
        let masked = (room.depth ^ mask(room.number)) & 0xff_ffff
        let rest = UInt64(masked) << 24 | UInt64(check(room))
        return Self.hex(room.number, digits: 16) + Self.hex(rest, digits: 12)
    }

    /// The room of the last token in `path` that is ours.
    private func linkedRoom(in path: some Collection<UInt8>) -> Room? {
        for run in path.split(whereSeparator: { Self.hexValue($0) == nil }).reversed()
        where run.count == Self.tokenDigits {
            if let room = room(token: run) { return room }
        }
        return nil
    }

    private func room(token: some Collection<UInt8>) -> Room? {
        let number = token.prefix(16).reduce(UInt64(0)) { $0 << 4 | UInt64(Self.hexValue($1) ?? 0) }
        let rest = token.dropFirst(16).reduce(UInt64(0)) { $0 << 4 | UInt64(Self.hexValue($1) ?? 0) }
        let depth = (UInt32(truncatingIfNeeded: rest >> 24) ^ mask(number)) & 0xff_ffff
        let room = Room(number: number, depth: depth)
        return UInt32(truncatingIfNeeded: rest & 0xff_ffff) == check(room) ? room : nil
    }

    private func mask(_ number: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: key.hash(Purpose.mask.rawValue, number)) & 0xff_ffff
    }

    private func check(_ room: Room) -> UInt32 {
        UInt32(truncatingIfNeeded: key.hash(Purpose.check.rawValue, room.number, UInt64(room.depth))) & 0xff_ffff
    }

    // MARK: Canaries

    /// A secret that is worth nothing and gives away whoever uses it: 8 bytes of the room, 4 that only we can compute.
    func canary(in room: Room) -> String {
        "ik_live_" + Self.hex(room.number, digits: 16) + Self.hex(canaryCheck(room.number), digits: 8)
    }

    /// Whether `text` holds a canary that this intruder was given.
    func holdsCanary(_ text: some Collection<UInt8>) -> Bool {
        for run in text.split(whereSeparator: { Self.hexValue($0) == nil }) where run.count == 24 {
            let number = run.prefix(16).reduce(UInt64(0)) { $0 << 4 | UInt64(Self.hexValue($1) ?? 0) }
            let check = run.dropFirst(16).reduce(UInt64(0)) { $0 << 4 | UInt64(Self.hexValue($1) ?? 0) }
            if check == canaryCheck(number) { return true }
        }
        return false
    }

    private func canaryCheck(_ number: UInt64) -> UInt64 { key.hash(Purpose.canary.rawValue, number) & 0xffff_ffff }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        unsafe String(unsafeUninitializedCapacity: digits) { buffer in
            for position in 0..<digits {
                unsafe buffer[position] = Hex.digit(
                    UInt8(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - position))) & 15)
            }
            return digits
        }
    }

    /// Lower case only: that is how we write.
    private static func hexValue(_ digit: UInt8) -> UInt8? {
        digit >= UInt8(ascii: "A") && digit <= UInt8(ascii: "F") ? nil : Hex.value(of: digit)
    }
}

/// A stream of choices that is the same for the same seed (SplitMix64).
struct SceneRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func choice<Element>(_ elements: [Element]) -> Element { elements[Int(next() % UInt64(elements.count))] }
}
