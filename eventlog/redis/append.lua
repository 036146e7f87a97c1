-- Appends events of one command: all of it or nothing. Redis does not roll a script back, so everything that could fail is
-- read and checked first, types of keys too; after the first write nothing can fail but for want of memory, which Redis
-- refuses at the first write only.
--
-- KEYS  receipt | meta, log of each partition | each condition's head | each claim | each release
-- ARGV  log id, nonce, input hash, decided at, imported ("1" or ""), receipt window in ms, input, the receipt's fixed part,
--       number of partitions, conditions, events, claims, releases, then
--       each partition: its number
--       each condition: the version
--       each event: index of its partition, index of its condition, meta, changes, state, deleted, number of sets, of clears,
--                   name and value of each set, name of each clear
--       each claim: its owner; each release: its owner
-- Returns {"ok" or "dup", receipt} | {"conflict", index, actual version} | {"claimed", index, owner} | {"lost", why} | {"bad", why}

local k, a = 1, 13

local function read(command, key, ...)
  local v = redis.pcall(command, key, ...)
  if type(v) == 'table' and v.err then
    error({ bad = key .. ': ' .. v.err })
  end
  return v
end

local function next_key()
  k = k + 1
  return KEYS[k]
end

local function next_arg()
  a = a + 1
  return ARGV[a]
end

local function whole(n)
  return string.format('%d', n) -- tostring would write 1e+15
end

local partitions, heads, claims, releases = {}, {}, {}, {}

local function check_partition()
  local p = { number = next_arg(), meta = next_key(), log = next_key() }
  local m = read('HMGET', p.meta, 'id', 'seq', 'hash', 'epoch', 'clock')
  if m[1] ~= ARGV[1] then
    error({ lost = p.meta .. ' is not of the log that was opened' })
  end
  p.seq, p.hash, p.epoch, p.clock = tonumber(m[2]), m[3], m[4], m[5]
  local last = read('XREVRANGE', p.log, '+', '-', 'COUNT', 1)[1]
  local id, hash = '0-0', ''
  if last then
    id = last[1]
    for i = 1, #last[2], 2 do
      if last[2][i] == 'h' then hash = last[2][i + 1] end
    end
  end
  if id ~= whole(p.seq) .. '-0' or hash ~= p.hash then
    error({ lost = p.log .. ' ends at ' .. id .. ', not at ' .. whole(p.seq) .. '-0 with its hash' })
  end
  partitions[#partitions + 1] = p
end

local function check()
  local old = read('GET', KEYS[1])
  if old then
    return { 'dup', old }
  end
  for _ = 1, tonumber(ARGV[9]) do
    check_partition()
  end
  local conflict
  for i = 1, tonumber(ARGV[10]) do
    local key, expected = next_key(), tonumber(next_arg())
    local h = read('HMGET', key, '@v', '@q')
    local version = tonumber(h[1] or 0)
    if version ~= expected and not conflict then
      conflict = { 'conflict', whole(i), whole(version) }
    end
    heads[i] = { key = key, version = version, back = h[2] or '0' }
  end
  if conflict then
    return conflict
  end
  -- Skip the events, to the owners of claims and releases at the end.
  local first_event = a
  for _ = 1, tonumber(ARGV[11]) do
    a = a + 8 + 2 * tonumber(ARGV[a + 7]) + tonumber(ARGV[a + 8])
  end
  local owners = {}
  for i = 1, tonumber(ARGV[12]) do
    local c = { key = next_key(), owner = next_arg() }
    c.has = read('GET', c.key)
    claims[i] = c
  end
  for i = 1, tonumber(ARGV[13]) do
    local r = { key = next_key(), owner = next_arg() }
    if read('GET', r.key) == r.owner then
      releases[#releases + 1] = r
      owners[r.key] = r.owner
    end
  end
  for i, c in ipairs(claims) do
    if c.has and c.has ~= c.owner and owners[c.key] ~= c.has then
      return { 'claimed', whole(i), c.has }
    end
  end
  a = first_event
end

local fine, answer = pcall(check)
if not fine then
  if type(answer) == 'table' and answer.lost then return { 'lost', answer.lost } end
  if type(answer) == 'table' and answer.bad then return { 'bad', answer.bad } end
  error(answer)
end
if answer then
  return answer
end

local imported, at, input = ARGV[5] == '1', ARGV[4], ARGV[7]
if not imported then
  for _, p in ipairs(partitions) do
    if p.clock > at then at = p.clock end
  end
end

local receipt = { ARGV[2], ARGV[3], at, ARGV[8] }

local function write_event()
  local p, h = partitions[tonumber(next_arg())], heads[tonumber(next_arg())]
  local meta, changes, state, deleted = next_arg(), next_arg(), next_arg(), next_arg()
  local sets, clears = tonumber(next_arg()), tonumber(next_arg())
  p.seq = p.seq + 1
  local seq, version = whole(p.seq), whole(h.version + 1)
  local hash = redis.sha1hex(table.concat({ p.hash, p.number, seq, p.epoch, version, h.back, at, #meta, #changes }, ' ')
    .. '\n' .. meta .. changes .. input)
  redis.call('XADD', p.log, seq .. '-0', 'x', p.epoch .. ' ' .. version .. ' ' .. h.back .. ' ' .. at,
    'p', p.hash, 'h', hash, 'm', meta, 'c', changes, 'i', input)
  p.hash = hash
  redis.call('HSET', h.key, '@v', version, '@s', state, '@d', deleted, '@q', seq, '@e', p.epoch, '@t', at)
  redis.call('HSETNX', h.key, '@c', at)
  for i = 1, sets, 100 do -- in pieces: unpack has a limit
    local n = math.min(sets - i + 1, 100)
    redis.call('HSET', h.key, unpack(ARGV, a + 1, a + 2 * n))
    a = a + 2 * n
  end
  for i = 1, clears, 100 do
    local n = math.min(clears - i + 1, 100)
    redis.call('HDEL', h.key, unpack(ARGV, a + 1, a + n))
    a = a + n
  end
  receipt[#receipt + 1] = p.number .. ' ' .. p.epoch .. ' ' .. seq .. ' ' .. version
end

for _ = 1, tonumber(ARGV[11]) do
  write_event()
end
for _, p in ipairs(partitions) do
  redis.call('HSET', p.meta, 'seq', whole(p.seq), 'hash', p.hash)
  if not imported then
    redis.call('HSET', p.meta, 'clock', at)
  end
end
for _, r in ipairs(releases) do
  redis.call('DEL', r.key)
end
for _, c in ipairs(claims) do
  redis.call('SET', c.key, c.owner)
end
local text = table.concat(receipt, '\n')
redis.call('SET', KEYS[1], text, 'PX', ARGV[6])
return { 'ok', text }
