/// Who reads which partitions of the request stream. Every replica computes it by itself from who is there; for the
/// moments in which two see different sets the broker's "one reader" keeps them apart.
enum PartitionPlan {
    /// The replica's share: the partitions dealt out in turn, in the order of the replicas' names. A replica that is not
    /// among the living has none.
    static func share(of replica: String, among living: [String], partitions: Int) -> Set<Int> {
        let names = Set(living).sorted()
        guard let position = names.firstIndex(of: replica) else { return [] }
        return Set((0..<partitions).filter { $0 % names.count == position })
    }
}
