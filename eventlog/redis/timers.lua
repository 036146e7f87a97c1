-- Reads a page of timers, by due time and key.
--
-- KEYS  meta of the partition | timers | their data
-- ARGV  log id, how many at most, bytes of data after which it stops, key and due of the one before ("" for none)
-- Returns {"ok", key, due, token and data of each...} | {"lost", why} | {"bad", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end

-- Compares bytes, as Redis orders members; what < does depends on the locale of the server.
local function behind(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

-- The rank of the first one behind the one before, which may be gone: halving among those that are due at the same time.
local first = 0
if ARGV[4] ~= '' then
  first = call('ZCOUNT', KEYS[2], '-inf', '(' .. ARGV[5])
  local last = call('ZCOUNT', KEYS[2], '-inf', ARGV[5])
  while first < last do
    local middle = math.floor((first + last) / 2)
    if behind(call('ZRANGE', KEYS[2], middle, middle)[1], ARGV[4]) then
      last = middle
    else
      first = middle + 1
    end
  end
end

local found = call('ZRANGE', KEYS[2], first, first + tonumber(ARGV[2]) - 1, 'WITHSCORES')
local out, size = { 'ok' }, 0
for i = 1, #found, 2 do
  local data = call('HGET', KEYS[3], found[i])
  if not data then
    return { 'bad', KEYS[3] .. ' lacks a timer of ' .. KEYS[2] }
  end
  out[#out + 1], out[#out + 2], out[#out + 3] = found[i], found[i + 1], data
  size = size + #data
  if size >= tonumber(ARGV[3]) then
    break
  end
end
return out
