internal import JSON

/// What every operation of the document has.
extension OpenAPIEmitter {
    static let securitySchemes: JSONValue = [
        "token": [
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from POST /v1/auth/token.",
        ],
        "session": [
            "type": "apiKey", "in": "cookie", "name": "infinite_session",
            "description": "The live page's session; what changes something is accepted from the page itself only.",
        ],
    ]

    static let responses: JSONValue = [
        "Problem": [
            "description": "What happened, why, and what to do.",
            "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
        ],
        "NotModified": [
            "description": "The answer is still the one whose tag was given; it has no body.", "headers": tagged,
        ],
    ]

    static let tagged: JSONValue = ["ETag": ["$ref": "#/components/headers/ETag"]]

    static let headers: JSONValue = [
        "ETag": [
            "description": "Stands for this answer: give it as If-None-Match to hear only whether it has changed.",
            "schema": ["type": "string"],
        ]
    ]

    static let ifNoneMatch: JSONValue = [
        "name": "If-None-Match", "in": "header",
        "description": "The ETag of an answer at hand: while nothing has changed, the answer is 304 without a body.",
        "schema": ["type": "string"],
    ]

    static let idempotencyKey: JSONValue = [
        "name": "Idempotency-Key", "in": "header",
        "description": """
        The caller's own name for this one change, best a random UUID. Sent again with the same key and arguments within a \
        day it is not made again: its answer comes once more, with Idempotent-Replayed: true. 422: the key was used for \
        something else. 409: the first is under way (Retry-After), or nobody knows whether it was done.
        """,
        "schema": ["type": "string", "minLength": 1, "maxLength": 255],
    ]

    static let problem: JSONValue = [
        "description": "A problem document (RFC 9457).", "type": "object", "required": ["type", "title", "status"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
            "detail": ["type": "string"],
            "field": ["type": "string", "description": "Which part of the input is wrong, where that is known."],
            "request_id": ["type": "string", "description": "Stands for the request in logs and events: quote it."],
        ],
    ]
}
