import Core
import Foundation
import Testing

@testable import labyrinth

@Suite struct MazeTests {
    static let secret = KeyedHash(secret: Array("a secret of the tests, 32 bytes!".utf8))
    static let intruder = UUIDv7(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)
    let maze = Maze(secret: secret, intruder: intruder)

    /// The promise of the maze, walked: whichever link is taken, it leads deeper, to a page never seen before.
    @Test(arguments: Trap.allCases) func everyLinkLeadsDeeperAndNoPageRepeats(entrance: Trap) throws {
        var random = SceneRandom(seed: UInt64(entrance.rawValue))
        let renderer = PageRenderer(maze: maze)
        var seen: Set<[UInt8]> = []
        var targets: Set<String> = []
        var path = "/start"
        var trap = entrance
        for step in 0..<2_000 {
            let room = maze.room(at: Array(path.utf8))
            #expect(room.depth == step)
            let page = renderer.page(for: room, trap, isPost: false)
            #expect(page.status == 200)
            #expect(seen.insert(page.body).inserted, "a page repeats at step \(step)")
            let links = Self.links(in: page)
            #expect(!links.isEmpty, "a dead end at step \(step)")
            for link in links {
                #expect(maze.room(at: Array(link.utf8)).depth == room.depth + 1, "\(link) does not lead deeper")
                #expect(targets.insert(link).inserted, "\(link) was offered before")
            }
            path = random.choice(links)
            trap = Trap(for: .init(path: path))
        }
    }

    @Test func aRoomLooksTheSameAtEveryVisitAndDifferentToEveryIntruder() {
        let again = Maze(secret: Self.secret, intruder: Self.intruder)
        let other = Maze(secret: Self.secret, intruder: UUIDv7(high: 1, low: 2))
        let elsewhere = Maze(secret: KeyedHash(secret: [1, 2, 3]), intruder: Self.intruder)
        for trap in Trap.allCases {
            let room = maze.child(of: maze.room(at: Array("/x".utf8)), 3)
            let page = PageRenderer(maze: maze).page(for: room, trap, isPost: false)
            #expect(PageRenderer(maze: again).page(for: room, trap, isPost: false) == page)
            #expect(PageRenderer(maze: other).page(for: room, trap, isPost: false) != page)
            #expect(PageRenderer(maze: elsewhere).page(for: room, trap, isPost: false) != page)
        }
        let link = Array(PageRenderer(maze: maze).link(from: maze.room(at: Array("/x".utf8)), 0, .pages).utf8)
        #expect(maze.room(at: link).depth == 1)
        #expect(other.room(at: link).depth == 0, "another intruder's link is an entrance")
    }

    @Test(arguments: [
        "", "/", "/0123456789abcdef0123456789ab", "/0123456789ABCDEF0123456789AB", "/%00%ff", "//////",
        String(repeating: "a", count: 10_000), String(repeating: "f", count: 28), "/../../../etc/passwd",
    ])
    func anyPathIsAnEntrance(path: String) {
        let room = maze.room(at: Array(path.utf8))
        #expect(room.depth == 0)
        #expect(maze.room(at: Array(path.utf8)) == room)
    }

    @Test func theDeepestRoomHasLinksToo() {
        let room = Room(number: 5, depth: Room.deepest)
        #expect(maze.room(at: Array("/a-\(maze.token(for: room))".utf8)) == room)
        #expect(maze.child(of: room, 0).depth == Room.deepest)
        #expect(maze.child(of: room, 0) != room)
    }

    @Test func canariesGiveAwayTheirIntruderAndNobodyElse() {
        let other = Maze(secret: Self.secret, intruder: UUIDv7(high: 1, low: 2))
        let canary = maze.canary(in: Room(number: 77, depth: 3))
        #expect(maze.holdsCanary(Array("Authorization: Bearer \(canary)".utf8)))
        #expect(!other.holdsCanary(Array(canary.utf8)))
        #expect(!maze.holdsCanary(Array("ik_live_0123456789abcdef01234567".utf8)))
        #expect(!maze.holdsCanary([]))
    }

    @Test(arguments: [
        (Trap.Bait(path: "/about"), Trap.pages), (.init(path: "/wp-login.php"), .login),
        (.init(isPost: true, path: "/contact"), .login), (.init(path: "/.env"), .text),
        (.init(path: "/backup/"), .fileSystem), (.init(path: "/.git/head"), .fileSystem),
        (.init(path: "/download", query: "file=../../etc/passwd"), .fileSystem),
        (.init(path: "/item", query: "id=1%27+union+select+1"), .database), (.init(path: "/phpmyadmin/"), .database),
        (.init(path: "/api/users"), .api), (.init(path: "/x", accept: "application/json"), .api),
    ])
    func theTrapFitsTheRequest(bait: Trap.Bait, trap: Trap) { #expect(Trap(for: bait) == trap) }

    @Test func postedCredentialsSeemToBeAccepted() throws {
        let room = maze.room(at: Array("/login".utf8))
        let page = PageRenderer(maze: maze).page(for: room, .login, isPost: true)
        #expect(page.status == 302)
        let location = try #require(page.location)
        #expect(maze.room(at: Array(location.utf8)).depth == 1)
    }

    static func links(in page: Page) -> [String] {
        let text = String(decoding: page.body, as: UTF8.self)
        let marks =
            page.contentType == "application/json"
            ? ["\"href\":\"", "\"next\":\""] : ["href=\"", "action=\"", "_URL="]
        var found: [String] = []
        for mark in marks {
            for part in text.components(separatedBy: mark).dropFirst() {
                found.append(String(part.prefix { $0 != "\"" && $0 != "\n" }))
            }
        }
        return found
    }
}
