internal import Core

/// The intruders seen of late, at most `capacity`: who has not been seen longest is forgotten first. Forgetting costs
/// nothing but the counts, because the maze itself is computed; the database still has what was stored.
struct IntruderTable: ~Copyable {
    private struct Entry {
        var intruder: Intruder
        var newer: Int?
        var older: Int?
    }

    private let capacity: Int
    private var entries: [Entry] = []
    private var places: [UUIDv7: Int] = [:]
    private var newest: Int?
    private var oldest: Int?
    private(set) var forgotten = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a table holds at least one intruder")
        self.capacity = capacity
    }

    var count: Int { places.count }

    /// Changes the intruder `id`, who is made when unknown, and returns it as it then is.
    mutating func update<Result>(
        _ id: UUIDv7, now: Timestamp, _ change: (inout Intruder) -> Result
    ) -> (intruder: Intruder, result: Result) {
        let place = places[id] ?? insert(Intruder(id: id, now: now))
        unlink(place)
        linkAsNewest(place)
        let result = change(&entries[place].intruder)
        return (entries[place].intruder, result)
    }

    func intruder(_ id: UUIDv7) -> Intruder? { places[id].map { entries[$0].intruder } }

    private mutating func insert(_ intruder: Intruder) -> Int {
        let place: Int
        if entries.count < capacity {
            place = entries.count
            entries.append(Entry(intruder: intruder))
        } else if let last = oldest {
            place = last
            unlink(place)
            places[entries[place].intruder.id] = nil
            entries[place] = Entry(intruder: intruder)
            forgotten += 1
        } else {
            preconditionFailure("a full table has an oldest entry")
        }
        linkAsNewest(place)
        places[intruder.id] = place
        return place
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (entries[place].newer, entries[place].older)
        if let newer { entries[newer].older = older } else { newest = older }
        if let older { entries[older].newer = newer } else { oldest = newer }
    }

    private mutating func linkAsNewest(_ place: Int) {
        entries[place].newer = nil
        entries[place].older = newest
        if let newest { entries[newest].newer = place } else { oldest = place }
        newest = place
    }
}
