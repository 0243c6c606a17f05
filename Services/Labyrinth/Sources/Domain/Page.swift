internal import Core

/// What an intruder is answered.
struct Page: Sendable, Equatable {
    var status = 200
    var contentType = "text/html; charset=utf-8"
    var location: String?
    var body: [UInt8] = []
}

/// Renders rooms. Nothing of a request is ever repeated in a page, so nothing an intruder sends can do harm there.
struct PageRenderer: Sendable {
    let maze: Maze

    func page(for room: Room, _ trap: Trap, isPost: Bool) -> Page {
        // Whoever posts credentials believes to be let in.
        if trap == .login && isPost {
            return Page(status: 302, contentType: "text/html; charset=utf-8", location: link(from: room, 0, .pages))
        }
        var scene = maze.scene(of: room)
        switch trap {
        case .pages: return article(room, &scene)
        case .login: return login(room, &scene)
        case .fileSystem: return listing(room, &scene)
        case .database: return table(room, &scene)
        case .api: return object(room, &scene)
        case .text: return settings(room, &scene)
        }
    }

    /// Where link number `index` of `room` leads, written as the trap would.
    func link(from room: Room, _ index: Int, _ trap: Trap) -> String {
        let child = maze.child(of: room, index)
        var names = SceneRandom(seed: child.number)
        let token = maze.token(for: child)
        switch trap {
        case .pages:
            return "/\(names.choice(Vocabulary.sections))/\(names.choice(Vocabulary.adjectives))-"
                + "\(names.choice(Vocabulary.nouns))-\(token)"
        case .login: return "/account/\(names.choice(Vocabulary.nouns))/\(token)"
        case .fileSystem: return "/files/\(names.choice(Vocabulary.folders))-\(token)/"
        case .database: return "/phpmyadmin/table.php/\(token)"
        case .api: return "/api/v2/\(names.choice(Vocabulary.sections))/\(token)"
        case .text: return "/files/\(token)/\(names.choice(Vocabulary.folders)).txt"
        }
    }

    // MARK: Pages

    private func article(_ room: Room, _ scene: inout SceneRandom) -> Page {
        let title = title(&scene)
        var html = HTMLText(title: title)
        html.add("<h1>\(title)</h1>\n<p class=\"meta\">\(person(&scene)), \(date(&scene))</p>\n")
        var index = 0
        for _ in 0..<scene.number(3...7) {
            html.add("<p>")
            for _ in 0..<scene.number(2...5) {
                html.add(
                    "\(scene.choice(Vocabulary.openings)) \(scene.choice(Vocabulary.adjectives)) "
                        + "<a href=\"\(link(from: room, index, .pages))\">\(scene.choice(Vocabulary.nouns))</a> "
                        + "\(scene.choice(Vocabulary.middles)), \(scene.choice(Vocabulary.endings)) ")
                index += 1
            }
            html.add("</p>\n")
        }
        html.add("<ul>\n")
        for _ in 0..<scene.number(3...6) {
            let trap = scene.choice([Trap.pages, .fileSystem, .login, .pages])
            html.add("<li><a href=\"\(link(from: room, index, trap))\">\(self.title(&scene))</a></li>\n")
            index += 1
        }
        html.add("</ul>\n")
        return Page(body: html.finish())
    }

    private func login(_ room: Room, _ scene: inout SceneRandom) -> Page {
        var html = HTMLText(title: "Sign in")
        html.add(
            """
            <h1>Sign in</h1>
            <form method="post" action="\(link(from: room, 0, .login))">
            <input type="hidden" name="csrf" value="\(maze.canary(in: room))">
            <p><label>User name <input name="username" autocomplete="username"></label></p>
            <p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
            <p><button>Sign in</button></p>
            </form>
            <p><a href="\(link(from: room, 1, .login))">Forgot your password?</a></p>
            <p><a href="\(link(from: room, 2, .pages))">\(title(&scene))</a></p>

            """)
        return Page(body: html.finish())
    }

    private func listing(_ room: Room, _ scene: inout SceneRandom) -> Page {
        var html = HTMLText(title: "Index of /files")
        html.add("<h1>Index of /files</h1>\n<pre>\n")
        for index in 0..<scene.number(8...20) {
            let isFolder = scene.number(0...2) > 0
            let name = isFolder ? scene.choice(Vocabulary.folders) + "/" : scene.choice(Vocabulary.files)
            let target = link(from: room, index, isFolder ? .fileSystem : .text)
            let size = isFolder ? "-" : "\(scene.number(1...9_999))K"
            html.add(
                "<a href=\"\(target)\">\(name)</a>  \(date(&scene)) \(scene.number(10...23)):\(scene.number(10...59))  \(size)\n"
            )
        }
        html.add("</pre>\n")
        return Page(body: html.finish())
    }

    private func table(_ room: Room, _ scene: inout SceneRandom) -> Page {
        var html = HTMLText(title: "users")
        html.add("<table border=\"1\">\n<tr><th>id</th><th>email</th><th>password</th><th>api_key</th></tr>\n")
        for index in 0..<scene.number(10...25) {
            let row = maze.child(of: room, index)
            html.add(
                "<tr><td><a href=\"\(link(from: room, index, .database))\">\(scene.number(1_000...99_999))</a></td>"
                    + "<td>\(email(&scene))</td><td>$2y$10$\(maze.token(for: row))</td><td>\(maze.canary(in: row))</td></tr>\n"
            )
        }
        html.add("</table>\n<p><a href=\"\(link(from: room, 100, .database))\">Next page</a></p>\n")
        return Page(body: html.finish())
    }

    private func object(_ room: Room, _ scene: inout SceneRandom) -> Page {
        var json = "{\"data\":["
        for index in 0..<scene.number(5...12) {
            let item = maze.child(of: room, index)
            json += index == 0 ? "" : ","
            json += "{\"id\":\"\(maze.token(for: item))\",\"name\":\"\(title(&scene))\",\"owner\":\"\(email(&scene))\","
            json += "\"created\":\"\(date(&scene))\",\"href\":\"\(link(from: room, index, .api))\"}"
        }
        json += "],\"api_key\":\"\(maze.canary(in: room))\",\"next\":\"\(link(from: room, 100, .api))\"}"
        return Page(contentType: "application/json", body: Array(json.utf8))
    }

    private func settings(_ room: Room, _ scene: inout SceneRandom) -> Page {
        var text = "# \(title(&scene)), \(date(&scene))\n"
        text += "APP_ENV=production\nAPP_KEY=\(maze.canary(in: room))\n"
        text += "DB_HOST=db-\(scene.number(1...9)).internal\nDB_USER=\(scene.choice(Vocabulary.firstNames))\n"
        for index in 0..<scene.number(3...8) {
            let child = maze.child(of: room, index)
            text += "\(scene.choice(Vocabulary.nouns).uppercased())_SECRET=\(maze.canary(in: child))\n"
            text += "\(scene.choice(Vocabulary.nouns).uppercased())_URL=\(link(from: room, index, .api))\n"
        }
        return Page(contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    // MARK: Phrases

    private func title(_ scene: inout SceneRandom) -> String {
        "\(scene.choice(Vocabulary.adjectives).capitalizedFirst) \(scene.choice(Vocabulary.nouns)) \(scene.number(2_015...2_026))"
    }

    private func person(_ scene: inout SceneRandom) -> String {
        "\(scene.choice(Vocabulary.firstNames).capitalizedFirst) \(scene.choice(Vocabulary.lastNames).capitalizedFirst)"
    }

    private func email(_ scene: inout SceneRandom) -> String {
        "\(scene.choice(Vocabulary.firstNames)).\(scene.choice(Vocabulary.lastNames))@corp.example"
    }

    private func date(_ scene: inout SceneRandom) -> String {
        let (month, day) = (scene.number(1...12), scene.number(1...28))
        return "\(scene.number(2_019...2_026))-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}

/// A document that grows at its end.
private struct HTMLText {
    private var bytes: [UInt8] = []

    init(title: String) {
        bytes.reserveCapacity(8 << 10)
        add(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>\(title)</title></head>\n<body>\n"
        )
    }

    mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    consuming func finish() -> [UInt8] {
        add("</body>\n</html>\n")
        return bytes
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
