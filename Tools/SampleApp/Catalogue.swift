/// What the shop sells. Fixed, so that a test can ask for it.
struct Item: Sendable {
    let number: Int
    let name: String
    let price: String
    let about: String
}

enum Catalogue {
    static let items: [Item] = [
        Item(number: 1, name: "Brass lantern", price: "24.00", about: "Burns six hours on one filling."),
        Item(number: 2, name: "Ball of thread", price: "3.50", about: "Eighty metres, red. Finds the way back."),
        Item(number: 3, name: "Pocket mirror", price: "12.00", about: "For looking around corners."),
        Item(number: 4, name: "Chalk, white", price: "1.20", about: "Twelve sticks for marking walls."),
        Item(number: 5, name: "Wool blanket", price: "48.00", about: "Undyed, two metres by one and a half."),
    ]

    static func item(_ number: String) -> Item? { items.first { "\($0.number)" == number } }

    static func search(_ words: String) -> [Item] {
        let words = words.lowercased()
        return words.isEmpty ? [] : items.filter { "\($0.name) \($0.about)".lowercased().contains(words) }
    }
}
