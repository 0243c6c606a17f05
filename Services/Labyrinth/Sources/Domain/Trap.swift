/// Which part of the maze answers: what the request seems to be after.
enum Trap: UInt8, Sendable, CaseIterable {
    case pages = 1, database, fileSystem, login, api, text

    /// What is known of a request before it is answered. Texts are lower case.
    struct Bait: Sendable {
        var isPost = false
        var path: String
        var query = ""
        var accept = ""
    }

    init(for bait: Bait) {
        let path = bait.path
        if Self.databaseMarks.contains(where: bait.query.contains) || Self.databasePaths.contains(where: path.contains)
        {
            self = .database
        } else if Self.textEnds.contains(where: path.hasSuffix) {
            self = .text
        } else if path.hasPrefix("/api") || path.hasPrefix("/graphql") || path.hasPrefix("/v1/")
            || path.hasSuffix(".json")
            || bait.accept.hasPrefix("application/json")
        {
            self = .api
        } else if bait.isPost || Self.loginWords.contains(where: path.contains) {
            self = .login
        } else if Self.fileWords.contains(where: path.contains) || bait.query.contains("../")
            || bait.query.contains("..%2f")
        {
            self = .fileSystem
        } else {
            self = .pages
        }
    }

    private static let databaseMarks = [
        "union+", "union%20", "union select", "select+", "select%20", "select(", "sleep(", "benchmark(", "'", "%27",
        "information_schema", "or+1=1", "or%201=1", "--",
    ]
    private static let databasePaths = ["phpmyadmin", "adminer", "/pma", "/mysql", "/sql/"]
    private static let textEnds = [
        ".env", ".txt", ".log", ".ini", ".yml", ".yaml", ".conf", ".bak", ".sql", "/config", "/.htpasswd", "/id_rsa",
    ]
    private static let loginWords = ["login", "signin", "admin", "account", "/user", "auth", "password", "wp-"]
    private static let fileWords = ["backup", "upload", "files", ".git", ".svn", "/tmp", "export", "dump", "archive/"]
}
