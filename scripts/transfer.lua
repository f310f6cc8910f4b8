-- wrk script: transfers between accounts chosen at random (docs/bench.md).
--   MJOLNIR_COOKIE   the session cookie, name=value
--   MJOLNIR_ACCOUNTS how many accounts the bank has (usual: 100000)
local cookie = os.getenv("MJOLNIR_COOKIE")
local accounts = tonumber(os.getenv("MJOLNIR_ACCOUNTS") or "100000")
local threads = 0

wrk.method = "POST"
wrk.path = "/_mjolnir/tx/transfer"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Cookie"] = cookie

function setup(thread)
  thread:set("seed", threads)
  threads = threads + 1
end

function init(args)
  math.randomseed(seed + 1)
end

function request()
  local from = math.random(0, accounts - 1)
  local to = (from + math.random(1, accounts - 1)) % accounts
  return wrk.format(nil, nil, nil, string.format('{"args":["a%07d","a%07d",1]}', from, to))
end

function done(summary, latency, requests)
  io.write(string.format("p50 %.2f ms, p99 %.2f ms, not 2xx: %d\n", latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status))
end
