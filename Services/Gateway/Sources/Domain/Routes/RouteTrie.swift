/// Path patterns of one host, segment by segment. A look-up visits each node at most once, and at each node asks one
/// hash table: what it costs depends on the path's length, not on the number of routes.
struct RouteTrie: Sendable {
    /// What ends at a node, by kind of end; each the more demanding first.
    private struct Node: Sendable {
        var parameter: Int32?
        var whole: [Int32] = []
        var below: [Int32] = []
        var tail: [Int32] = []
    }

    private var nodes = [Node()]
    private var edges = SegmentEdges()

    /// `route` is whatever number the caller knows it by; of those that end at one place the first added is tried first.
    mutating func add(_ pattern: RoutePattern, route: Int32) {
        var node: Int32 = 0
        for segment in pattern.segments { node = child(of: node, segment) }
        switch pattern.end {
        case .whole: nodes[Int(node)].whole.append(route)
        case .below: nodes[Int(node)].below.append(route)
        case .tail: nodes[Int(node)].tail.append(route)
        }
    }

    private mutating func child(of node: Int32, _ segment: RoutePattern.Segment) -> Int32 {
        switch segment {
        case .literal(let bytes):
            if let known = edges.target(from: node, bytes[...], bytes.indices) { return known }
            let new = makeNode()
            edges.add(from: node, bytes, to: new)
            return new
        case .parameter:
            if let known = nodes[Int(node)].parameter { return known }
            let new = makeNode()
            nodes[Int(node)].parameter = new
            return new
        }
    }

    private mutating func makeNode() -> Int32 {
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    /// The first route, the most specific pattern first, that takes the path and to which `accepts` says yes.
    func first(_ path: ArraySlice<UInt8>, where accepts: (Int32) -> Bool) -> Int32? {
        visit(0, path, at: path.startIndex, accepts)
    }

    /// `position` is that of the slash before the next segment, or the path's end.
    private func visit(
        _ node: Int32, _ path: ArraySlice<UInt8>, at position: Int, _ accepts: (Int32) -> Bool
    ) -> Int32? {
        let index = Int(node)
        guard position < path.endIndex else {
            return nodes[index].whole.first(where: accepts) ?? nodes[index].tail.first(where: accepts)
        }
        let start = position + 1
        var end = start
        while end < path.endIndex, path[end] != UInt8(ascii: "/") { end += 1 }
        if let child = edges.target(from: node, path, start..<end),
            let found = visit(child, path, at: end, accepts)
        {
            return found
        }
        if start < end, let child = nodes[index].parameter, let found = visit(child, path, at: end, accepts) {
            return found
        }
        return nodes[index].below.first(where: accepts) ?? nodes[index].tail.first(where: accepts)
    }
}

/// From a node by a literal segment to the next node: one open hash table for all nodes of a trie.
struct SegmentEdges: Sendable {
    private struct Edge: Sendable {
        var node: Int32
        var target: Int32
        var hash: UInt64
        var literal: [UInt8]
    }

    private var edges: [Edge] = []
    /// Positions in `edges`, -1 where there is none; a power of two, at most half full.
    private var slots = [Int32](repeating: -1, count: 8)

    func target(from node: Int32, _ path: ArraySlice<UInt8>, _ range: Range<Int>) -> Int32? {
        let hash = Self.hash(node, path, range)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let edge = Int(slots[slot])
            if edges[edge].hash == hash, edges[edge].node == node, edges[edge].literal[...] == path[range] {
                return edges[edge].target
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    mutating func add(from node: Int32, _ literal: [UInt8], to target: Int32) {
        let hash = Self.hash(node, literal[...], literal.indices)
        edges.append(Edge(node: node, target: target, hash: hash, literal: literal))
        if edges.count * 2 > slots.count { slots = [Int32](repeating: -1, count: slots.count * 2) }
        for edge in (slots.contains { $0 >= 0 } ? edges.indices.suffix(1) : edges.indices[...]) { place(edge) }
    }

    private mutating func place(_ edge: Int) {
        var slot = Int(truncatingIfNeeded: edges[edge].hash) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(edge)
    }

    /// FNV-1a, its upper half folded in. What is in the table is the operator's choice: nobody can fill it with collisions.
    private static func hash(_ node: Int32, _ path: ArraySlice<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(UInt32(bitPattern: node)) &* 0x9e37_79b9_7f4a_7c15
        for index in range { hash = (hash ^ UInt64(path[index])) &* 0x0100_0000_01b3 }
        return hash ^ hash >> 32
    }
}
