internal import PatternMatching

/// All rules' transformation chains, those with a common beginning sharing it; parents stand before their children.
///
/// A *restless* node's transformation may change any value; all others leave a value alone that has none of its
/// triggers.
struct TransformationTrie: Sendable {
    struct Node: Sendable, BitwiseCopyable {
        var parent: Int32
        /// Nothing (`length`) for the root.
        var transformation: SecLangTransformation
        var isRestless: Bool
        /// Or below one that is.
        var isUnsettled: Bool
        /// Whether a value may be longer afterwards.
        var grows: Bool
        var triggers: ByteMask
        /// Its own and those on the way to it: a value with none of them is this node's form, unless it is unsettled.
        var chainTriggers: ByteMask
    }

    private(set) var nodes: [Node] = []
    private(set) var transformations: [SecLangTransformation?] = [nil]

    init(_ chains: [[SecLangTransformation]]) {
        nodes = [
            Node(
                parent: 0, transformation: .length, isRestless: false, isUnsettled: false, grows: false,
                triggers: ByteMask(), chainTriggers: ByteMask())
        ]
        for chain in chains { _ = chain.reduce(0) { child(of: $0, $1) ?? add($1, below: $0) } }
    }

    private func child(of parent: Int, _ transformation: SecLangTransformation) -> Int? {
        nodes.indices.dropFirst().first {
            nodes[$0].parent == Int32(parent) && transformations[$0] == transformation
        }
    }

    private mutating func add(_ transformation: SecLangTransformation, below parent: Int) -> Int {
        let triggers = transformation.triggers
        let own = ByteMask(triggers ?? ByteSet())
        var node = nodes[parent]
        node.parent = Int32(parent)
        node.transformation = transformation
        node.isRestless = triggers == nil
        node.isUnsettled = node.isUnsettled || triggers == nil
        node.grows = node.grows || transformation.grows
        node.triggers = own
        node.chainTriggers.formUnion(own)
        nodes.append(node)
        transformations.append(transformation)
        return nodes.count - 1
    }

    /// The nodes from the root to the end of a chain that the trie has.
    func path(_ chain: [SecLangTransformation]) -> [Int] {
        chain.reduce(into: [0]) { path, next in path.append(child(of: path[path.count - 1], next) ?? 0) }
    }

    /// What is done to a value on the way to a node.
    func chain(to node: Int) -> [SecLangTransformation] {
        guard node > 0, let last = transformations[node] else { return [] }
        return chain(to: Int(nodes[node].parent)) + [last]
    }
}
