-- Sends one request after the other from a list, from the start again at its end, and prints one line of JSON.
-- Arguments: the file with the list. A line is a request; its headers are "name: value", with tabs between them.
local requests = {}
local count = 0
local at = 0

function init(args)
  local list = assert(io.open(args[1], "r"))
  for line in list:lines() do
    local headers = {}
    for header in line:gmatch("[^\t]+") do
      local name, value = header:match("^([^:]+): (.*)$")
      headers[name] = value
    end
    count = count + 1
    requests[count] = wrk.format("GET", nil, headers)
  end
  list:close()
end

function request()
  at = at + 1
  if at > count then at = 1 end
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"meanUs":%.2f,"refused":%d,"broken":%d,"clientCpuUs":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.mean,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout, os.clock() * 1e6
  ))
end
