/// Members in the order they were written, each key once.
package struct JSONObject: Sendable, Equatable {
    package private(set) var members: [(key: String, value: JSONValue)] = []
    /// Positions by key, once there are too many members to look through.
    private var positions: [String: Int] = [:]

    private static let mostToLookThrough = 8

    package init() {}

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var keys: [String] { members.map(\.key) }

    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member, unless its key is taken.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        append(key, value)
        return true
    }

    /// Objects are equal when their members are, in whatever order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }

    private func position(of key: String) -> Int? {
        members.count > Self.mostToLookThrough ? positions[key] : members.firstIndex { $0.key == key }
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if members.count > Self.mostToLookThrough + 1 {
            positions[key] = members.count - 1
        } else if members.count == Self.mostToLookThrough + 1 {
            index()
        }
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        index()
    }

    private mutating func index() {
        positions = [:]
        guard members.count > Self.mostToLookThrough else { return }
        for (position, member) in members.enumerated() { positions[member.key] = position }
    }
}
