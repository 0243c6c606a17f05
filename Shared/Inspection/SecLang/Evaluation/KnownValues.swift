/// Short values and the few questions that they answered with yes (mostly none), remembered from request to request: the
/// header fields of browsers, the names of an application's arguments, its usual values. Whoever sends one of them again
/// is asked those questions only.
///
/// What is asked depends on nothing but the value's kind, name and bytes and on `epoch`; all of them are compared, so
/// forgetting, which a newer value of the same place brings about, costs time and never changes what is found.
struct KnownValues: ~Copyable {
    private static let slots = 1_024
    static let longest = 144

    /// At most a few.
    struct Questions: BitwiseCopyable {
        static let most = 4
        private(set) var count = 0
        private var numbers = SIMD4<Int32>()

        /// False when there is no room.
        mutating func insert(_ question: Int) -> Bool {
            guard count < Self.most else { return false }
            numbers[count] = Int32(question)
            count += 1
            return true
        }

        subscript(_ index: Int) -> Int { Int(numbers[index]) }
    }

    // Not private: the compiler loses the type in builds file by file.
    struct Key: BitwiseCopyable {
        var hash: UInt64 = 0
        var epoch: UInt64 = 0
        var kind: Int32 = -1
        var nameLength: UInt16 = 0
        var length: UInt16 = 0
        var questions = Questions()
    }

    private var keys = FixedTable(repeating: Key(), count: slots)
    private var bytes = FixedTable<UInt8>(repeating: 0, count: slots * longest)

    /// Where a value has its place, or nil for one that is too long.
    @inline(__always) func hash(
        _ kind: Int, _ epoch: UInt64, _ name: Span<UInt8>, _ value: Span<UInt8>
    ) -> UInt64? {
        guard name.count + value.count <= Self.longest else { return nil }
        return Self.hash(value, Self.hash(name, UInt64(kind) << 32 ^ epoch))
    }

    /// What it answered with yes; nil if it is not known.
    @inline(__always) func find(
        _ hash: UInt64, _ epoch: UInt64, _ kind: Int, _ name: Span<UInt8>, _ value: Span<UInt8>
    ) -> Questions? {
        let slot = Int(hash >> 32) & (Self.slots - 1)
        let key = keys[slot]
        guard key.hash == hash, key.epoch == epoch, key.kind == Int32(kind), key.nameLength == UInt16(name.count),
            key.length == UInt16(value.count)
        else { return nil }
        let isSame =
            bytes.holds(name, at: slot * Self.longest) && bytes.holds(value, at: slot * Self.longest + name.count)
        return isSame ? key.questions : nil
    }

    mutating func insert(
        _ hash: UInt64, _ epoch: UInt64, _ kind: Int, _ name: Span<UInt8>, _ value: Span<UInt8>,
        _ questions: Questions
    ) {
        let slot = Int(hash >> 32) & (Self.slots - 1)
        bytes.store(name, at: slot * Self.longest)
        bytes.store(value, at: slot * Self.longest + name.count)
        keys[slot] = Key(
            hash: hash, epoch: epoch, kind: Int32(kind), nameLength: UInt16(name.count), length: UInt16(value.count),
            questions: questions)
    }

    /// Eight bytes at a time. It need not resist anybody: what it finds is compared.
    @inline(__always) static func hash(_ bytes: Span<UInt8>, _ seed: UInt64 = 0) -> UInt64 {
        var hash = seed ^ UInt64(bytes.count) &* 0x9e37_79b9_7f4a_7c15
        unsafe bytes.withUnsafeBufferPointer { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index &+ 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
                hash ^= hash >> 29
                index &+= 8
            }
            var rest: UInt64 = 0
            while index < raw.count {
                rest = unsafe rest << 8 | UInt64(raw[index])
                index &+= 1
            }
            hash = (hash ^ rest) &* 0xc4ce_b9fe_1a85_ec53
            hash ^= hash >> 32
        }
        return hash
    }
}
