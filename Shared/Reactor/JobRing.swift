/// The jobs a reactor's own thread has ready, first in first out, in a ring that only that thread touches.
///
/// The storage is raw memory behind a pointer, so that an access costs an addition and a mask: no lock, no atomics, no
/// exclusivity check.
@safe
struct JobRing: ~Copyable {
    private var storage: UnsafeMutablePointer<UnownedJob>
    private var mask: Int
    private var head = 0
    private(set) var count = 0

    init(capacity: Int = 1_024) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
        unsafe storage = .allocate(capacity: capacity)
        mask = capacity - 1
    }

    deinit { unsafe storage.deallocate() }

    mutating func append(_ job: UnownedJob) {
        if count > mask { grow() }
        unsafe (storage + ((head + count) & mask)).initialize(to: job)
        count += 1
    }

    mutating func popFirst() -> UnownedJob? {
        guard count > 0 else { return nil }
        let job = unsafe storage[head]
        head = (head + 1) & mask
        count -= 1
        return job
    }

    private mutating func grow() {
        let capacity = (mask + 1) * 2
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity)
        for index in 0..<count {
            unsafe (larger + index).initialize(to: storage[(head + index) & mask])
        }
        unsafe storage.deallocate()
        unsafe storage = larger
        mask = capacity - 1
        head = 0
    }
}
