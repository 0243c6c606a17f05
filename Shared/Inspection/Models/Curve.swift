/// A rising line through given points, flat beyond the first and the last: how a model's figure is read.
///
/// It never falls, so a higher figure never means less.
struct Curve: Sendable, Equatable {
    struct Point: Sendable, Equatable {
        var x: Float
        var y: Float
    }

    static let maximumPoints = 64

    let points: [Point]

    /// Nil unless there are 1 to 64 points, x rising, y not falling, y within `bounds`, every number finite.
    init?(_ points: [Point], within bounds: ClosedRange<Float>) {
        guard (1...Self.maximumPoints).contains(points.count) else { return nil }
        for (index, point) in points.enumerated() {
            guard point.x.isFinite, bounds.contains(point.y) else { return nil }
            if index > 0, point.x <= points[index - 1].x || point.y < points[index - 1].y { return nil }
        }
        self.points = points
    }

    func value(at x: Float) -> Float {
        guard x > points[0].x else { return points[0].y }
        for index in 1..<max(1, points.count) where x <= points[index].x {
            let (from, to) = (points[index - 1], points[index])
            return min(to.y, from.y + (to.y - from.y) * ((x - from.x) / (to.x - from.x)))
        }
        return points[points.count - 1].y
    }
}
