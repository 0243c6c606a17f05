/// `Cache-Control` of a request or an answer (RFC 9111 §5.2), as far as a shared cache has to know it. Seconds are
/// whole numbers; where a directive stands twice, or cannot be read, what lets less be reused is believed (§4.2.1).
package struct CacheDirectives: Sendable, Equatable {
    /// Beyond it counts as it (§1.2.2).
    package static let longest = 1 << 31

    package var noStore = false
    package var noCache = false
    package var isPrivate = false
    package var isPublic = false
    package var mustRevalidate = false
    package var onlyIfCached = false
    package var maxAge: Int?
    package var sharedMaxAge: Int?
    package var minFresh: Int?
    package var maxStale: Int?
    package var staleWhileRevalidate: Int?
    package var staleIfError: Int?

    package init() {}

    /// - Parameter pragma: counts only where there is no Cache-Control (§5.4); for requests.
    package init(_ lines: [String], pragma: [String] = []) {
        for line in lines {
            for (name, argument) in Self.items(of: line) { take(name, argument) }
        }
        if lines.isEmpty && pragma.contains(where: { $0.lowercased().contains("no-cache") }) { noCache = true }
    }

    private mutating func take(_ name: String, _ argument: String?) {
        switch name {
        case "no-store": noStore = true
        // With names of fields behind it it means only those; taking it for all of the answer is safe (§5.2.2.4).
        case "no-cache": noCache = true
        case "private": isPrivate = true
        case "public": isPublic = true
        case "must-revalidate", "proxy-revalidate": mustRevalidate = true
        case "only-if-cached": onlyIfCached = true
        case "max-age": maxAge = min(maxAge ?? .max, Self.seconds(argument) ?? 0)
        case "s-maxage": sharedMaxAge = min(sharedMaxAge ?? .max, Self.seconds(argument) ?? 0)
        case "min-fresh": minFresh = max(minFresh ?? 0, Self.seconds(argument) ?? 0)
        case "max-stale": maxStale = min(maxStale ?? .max, argument == nil ? Self.longest : Self.seconds(argument) ?? 0)
        case "stale-while-revalidate":
            staleWhileRevalidate = min(staleWhileRevalidate ?? .max, Self.seconds(argument) ?? 0)
        case "stale-if-error": staleIfError = min(staleIfError ?? .max, Self.seconds(argument) ?? 0)
        default: break
        }
    }

    /// delta-seconds (§1.2.2); nil for anything else.
    package static func seconds(_ text: String?) -> Int? {
        guard let text, !text.isEmpty, text.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return min(text.utf8.count > 10 ? longest : Int(text) ?? longest, longest)
    }

    /// `name`, `name=token`, `name="text, with commas"`, between commas.
    private static func items(of line: String) -> [(name: String, argument: String?)] {
        var items: [(String, String?)] = []
        var (name, argument) = ("", String?.none)
        var (isQuoted, isEscaped) = (false, false)
        func end() {
            let name = trim(name)
            if !name.isEmpty { items.append((name.lowercased(), argument.map(trim))) }
        }
        for character in line.unicodeScalars {
            if isQuoted {
                if !isEscaped && character == "\"" { isQuoted = false }
                let isKept = isEscaped || (character != "\"" && character != "\\")
                isEscaped = !isEscaped && character == "\\"
                if isKept { argument?.unicodeScalars.append(character) }
            } else if character == "," {
                end()
                (name, argument) = ("", nil)
            } else if character == "\"" && argument != nil {
                isQuoted = true
            } else if character == "=" && argument == nil {
                argument = ""
            } else if argument == nil {
                name.unicodeScalars.append(character)
            } else {
                argument?.unicodeScalars.append(character)
            }
        }
        end()
        return items
    }

    private static func trim(_ text: String) -> String {
        let kept = text.utf8.drop { $0 == 0x20 || $0 == 0x09 }
        let end = kept.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { kept.index(after: $0) } ?? kept.startIndex
        return String(Substring(kept[..<end]))
    }
}
