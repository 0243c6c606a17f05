-- wrk: many visitors at a steady pace. Each request comes from another address (the gateway is told to believe
-- X-Forwarded-For here), asks for a page as browsers ask for it, and waits before the next.
local pause = 0
local turn = 0

function init(arguments)
    pause = tonumber(arguments[1])
    math.randomseed(tonumber(arguments[2]))
    turn = math.random(0, 19999)
end

function delay()
    return pause
end

function request()
    turn = (turn + 1) % 20000
    local address = string.format("10.%d.%d.%d", 20 + math.floor(turn / 10000), math.floor(turn / 100) % 100, 1 + turn % 100)
    return wrk.format("GET", "/articles/" .. turn % 50 .. "?page=" .. turn % 7, {
        ["X-Forwarded-For"] = address,
        ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ["Accept"] = "text/html,application/xhtml+xml", ["Accept-Language"] = "en-GB,en;q=0.5",
    })
end
