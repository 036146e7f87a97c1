-- Appends events of one command: all of it or nothing. Redis does not roll a script back, so everything that could fail is
-- read and checked first, types of keys too; after the first write nothing can fail but for want of memory, which Redis
-- refuses at the first write only.
--
-- KEYS  receipt | meta, log of each partition | meta, timers, their data of each set of timers | each condition's head | each claim | each release
--       in a Cluster, where claims lie in other slots, instead of these: head of the owner, abort mark of each claim | head of the owner of each release
-- ARGV  log id, nonce, input hash, decided at, imported ("1" or ""), receipt window in ms, input, the receipt's fixed part,
--       number of partitions, conditions, events, claims, releases, sets of timers, then
--       each partition: its number
--       if there are sets of timers: number of timers to remove, to set, then
--         each to remove: index of its set, key, token that it must have (what is fired) or "" (what is cancelled)
--         each to set: index of its set, key, "now" or "", ms of its time from then, token and data
--       each condition: the version, or ~ and the states in commas
--       each event: index of its partition, index of its condition, meta, changes, state, deleted, number of sets, of clears,
--                   name and value of each set, name of each clear
--       each claim: its owner; each release: its owner
--       in a Cluster instead of these: "cluster"; each claim: its name in the head, and "pending", "held" or "taken" and the owner; each release: its name in the head
-- Returns {"ok" or "dup", receipt} | {"conflict", index, actual version} | {"claimed", index, owner} | {"notimer", key}
--         | {"aborted", index}: the claim is not the caller's any more, see claims.go | {"lost", why} | {"bad", why}

local call, try, format = redis.call, redis.pcall, string.format
local n_partitions, n_conditions, n_events = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local n_claims, n_releases, n_sets = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
local k, a = 1, 14 -- the last key and argument that were used

local function bad(key, v)
  return { 'bad', key .. ': ' .. v.err }
end

local old = try('GET', KEYS[1])
if old then
  if type(old) == 'table' then return bad(KEYS[1], old) end
  return { 'dup', old }
end

local partitions = {}
for i = 1, n_partitions do
  local meta, log, number = KEYS[k + 1], KEYS[k + 2], ARGV[a + 1]
  k, a = k + 2, a + 1
  local m = try('HMGET', meta, 'id', 'seq', 'hash', 'epoch', 'clock')
  if m.err then return bad(meta, m) end
  if m[1] ~= ARGV[1] then
    return { 'lost', meta .. ' is not of the log that was opened' }
  end
  local seq, hash = m[2], m[3]
  local tail = try('XREVRANGE', log, '+', '-', 'COUNT', 1)
  if tail.err then return bad(log, tail) end
  tail = tail[1] or { '0-0', { 'h', '' } }
  local fields, last = tail[2], nil
  for j = 1, #fields, 2 do
    if fields[j] == 'h' then last = fields[j + 1] break end
  end
  if tail[1] ~= seq .. '-0' or last ~= hash then
    return { 'lost', log .. ' ends at ' .. tail[1] .. ', not at ' .. seq .. '-0 with its hash' }
  end
  partitions[i] = { number = number, meta = meta, log = log, seq = tonumber(seq), hash = hash, epoch = m[4], clock = m[5] }
end

local timers, n_removes, n_timers, first_timer = nil, 0, 0, a + 2
if n_sets > 0 then
  timers = {}
  for i = 1, n_sets do
    local meta, set, data = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
    k = k + 3
    local id = try('HGET', meta, 'id')
    if type(id) == 'table' then return bad(meta, id) end
    if id ~= ARGV[1] then
      return { 'lost', meta .. ' is not of the log that was opened' }
    end
    local n = try('ZCARD', set)
    if type(n) == 'table' then return bad(set, n) end
    n = try('HLEN', data)
    if type(n) == 'table' then return bad(data, n) end
    timers[i] = { set = set, data = data }
  end
  n_removes, n_timers = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  a = a + 2
  for _ = 1, n_removes do
    local t, key, token = timers[tonumber(ARGV[a + 1])], ARGV[a + 2], ARGV[a + 3]
    a = a + 3
    if token ~= '' then
      local has = call('HGET', t.data, key)
      if not has or has:sub(1, #token + 1) ~= token .. '\n' then
        return { 'notimer', key }
      end
    end
  end
  a = a + 5 * n_timers
end

local heads, conflict = {}, nil
for i = 1, n_conditions do
  k, a = k + 1, a + 1
  local key = KEYS[k]
  local h = try('HMGET', key, '@v', '@q')
  if h.err then return bad(key, h) end
  local version, want = h[1] or '0', ARGV[a]
  if want:byte() == 126 then -- ~: it is alive, in one of these states if there are any
    local s = call('HMGET', key, '@s', '@d')
    if version ~= '0' and s[2] ~= '1' and (want == '~' or want:find(',' .. s[1] .. ',', 1, true)) then want = version end
  end
  if version ~= want and not conflict then
    conflict = { 'conflict', tostring(i), version }
  end
  heads[i] = { key = key, version = version, back = h[2] or '0' }
end
if conflict then
  return conflict
end

local first_event, claims, releases, in_heads = a, nil, nil, false
if n_claims + n_releases > 0 then
  claims, releases = {}, {}
  -- Skip the events, to the owners of claims and releases at the end.
  for _ = 1, n_events do
    a = a + 8 + 2 * tonumber(ARGV[a + 7]) + tonumber(ARGV[a + 8])
  end
  in_heads = #ARGV > a + n_claims + n_releases
  if in_heads then
    a = a + 1
    for i = 1, n_claims do
      local head, mark, name, how = KEYS[k + 1], KEYS[k + 2], ARGV[a + 1], ARGV[a + 2]
      k, a = k + 2, a + 2
      local has = try('HEXISTS', head, name)
      if type(has) == 'table' then return bad(head, has) end
      if how == 'pending' then
        if call('EXISTS', mark) == 1 then return { 'aborted', tostring(i) } end
      elseif how == 'held' then
        if has == 0 then return { 'aborted', tostring(i) } end
      else
        return { 'claimed', tostring(i), string.match(how, '^taken (.*)$') }
      end
      claims[i] = { key = head, name = name }
    end
    for i = 1, n_releases do
      k, a = k + 1, a + 1
      local has = try('HEXISTS', KEYS[k], ARGV[a])
      if type(has) == 'table' then return bad(KEYS[k], has) end
      releases[i] = { key = KEYS[k], name = ARGV[a] }
    end
  else
    local owners = {}
    for i = 1, n_claims do
      k, a = k + 1, a + 1
      local has = try('GET', KEYS[k])
      if type(has) == 'table' then return bad(KEYS[k], has) end
      claims[i] = { key = KEYS[k], owner = ARGV[a], has = has }
    end
    for _ = 1, n_releases do
      k, a = k + 1, a + 1
      local has = try('GET', KEYS[k])
      if type(has) == 'table' then return bad(KEYS[k], has) end
      if has == ARGV[a] then
        releases[#releases + 1] = KEYS[k]
        owners[KEYS[k]] = has
      end
    end
    for i, c in ipairs(claims) do
      if c.has and c.has ~= c.owner and owners[c.key] ~= c.has then
        return { 'claimed', tostring(i), c.has }
      end
    end
  end
end

-- From here on it writes.

local imported, at, input = ARGV[5] == '1', ARGV[4], ARGV[7]
if not imported then
  for i = 1, n_partitions do
    if partitions[i].clock > at then at = partitions[i].clock end
  end
end

local receipt = ARGV[2] .. '\n' .. ARGV[3] .. '\n' .. at .. '\n' .. ARGV[8]
a = first_event
for _ = 1, n_events do
  local p, h = partitions[tonumber(ARGV[a + 1])], heads[tonumber(ARGV[a + 2])]
  local meta, changes = ARGV[a + 3], ARGV[a + 4]
  local sets, clears = 2 * tonumber(ARGV[a + 7]), tonumber(ARGV[a + 8])
  p.seq = p.seq + 1
  local seq, version = format('%d', p.seq), format('%d', h.version + 1)
  local hash = redis.sha1hex(p.hash .. ' ' .. p.number .. ' ' .. seq .. ' ' .. p.epoch .. ' ' .. version .. ' ' .. h.back .. ' ' .. at
    .. ' ' .. #meta .. ' ' .. #changes .. '\n' .. meta .. changes .. input)
  call('XADD', p.log, seq .. '-0', 'x', p.epoch .. ' ' .. version .. ' ' .. h.back .. ' ' .. at,
    'p', p.hash, 'h', hash, 'm', meta, 'c', changes, 'i', input)
  p.hash, h.version, h.back = hash, version, seq -- the entity may have another event
  local state, deleted = ARGV[a + 5], ARGV[a + 6]
  a = a + 8
  local n = sets
  if n > 200 then n = 200 end -- unpack has a limit
  if version == '1' then
    call('HSET', h.key, '@v', version, '@s', state, '@d', deleted, '@q', seq, '@e', p.epoch, '@t', at, '@c', at, unpack(ARGV, a + 1, a + n))
  else
    call('HSET', h.key, '@v', version, '@s', state, '@d', deleted, '@q', seq, '@e', p.epoch, '@t', at, unpack(ARGV, a + 1, a + n))
  end
  for i = n + 1, sets, 200 do
    call('HSET', h.key, unpack(ARGV, a + i, a + math.min(i + 199, sets)))
  end
  a = a + sets
  for i = 1, clears, 200 do
    call('HDEL', h.key, unpack(ARGV, a + i, a + math.min(i + 199, clears)))
  end
  a = a + clears
  receipt = receipt .. '\n' .. p.number .. ' ' .. p.epoch .. ' ' .. seq .. ' ' .. version
end
for i = 1, n_partitions do
  local p = partitions[i]
  if imported then
    call('HSET', p.meta, 'seq', format('%d', p.seq), 'hash', p.hash)
  else
    call('HSET', p.meta, 'seq', format('%d', p.seq), 'hash', p.hash, 'clock', at)
  end
end
if in_heads then
  for _, r in ipairs(releases) do
    call('HDEL', r.key, r.name)
  end
  for _, c in ipairs(claims) do
    call('HSET', c.key, c.name, '')
  end
elseif claims then
  for _, key in ipairs(releases) do
    call('DEL', key)
  end
  for _, c in ipairs(claims) do
    call('SET', c.key, c.owner)
  end
end
if timers then
  a = first_timer
  for _ = 1, n_removes do
    local t, key = timers[tonumber(ARGV[a + 1])], ARGV[a + 2]
    a = a + 3
    call('ZREM', t.set, key)
    call('HDEL', t.data, key)
  end
  local time = call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  for _ = 1, n_timers do
    local t, key, due = timers[tonumber(ARGV[a + 1])], ARGV[a + 2], tonumber(ARGV[a + 4])
    if ARGV[a + 3] == 'now' then due = now + due end
    call('ZADD', t.set, format('%.0f', due), key)
    call('HSET', t.data, key, ARGV[a + 5])
    a = a + 5
  end
end
call('SET', KEYS[1], receipt, 'PX', ARGV[6])
return { 'ok', receipt }
