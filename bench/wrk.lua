-- wrk posts the requests of a file (parted by lines of "%%") in turn, and writes what it measured as one line of JSON.
local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
local text = file:read("*a")
file:close()

local requests = {}

-- Called when wrk has set the Host header.
init = function()
  wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
  for body in (text .. "\n%%\n"):gmatch("(.-)\n%%%%\n") do
    requests[#requests + 1] = wrk.format("POST", nil, nil, body)
  end
end

local last = 0
request = function()
  last = last % #requests + 1
  return requests[last]
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"calls":%d,"seconds":%.6f,"processorSeconds":%.4f,"errors":%d,"p50":%.4f,"p99":%.4f}\n',
    summary.requests, summary.duration / 1e6, os.clock(),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
