internal import AddressSets
internal import Core

enum AddressFuzzing {
    /// Whatever a file says, every address has a country or none, in bounded time.
    static func countries(_ bytes: [UInt8]) {
        guard let database = try? CountryDatabase(bytes) else { return }
        for number in 0..<32 {
            _ = database.country(of: IPAddress(v4: UInt32(number) << 27 | UInt32(bytes.count)))
            _ = database.country(of: IPAddress(high: UInt64(number) << 59, low: UInt64(bytes.count)))
        }
    }
}
