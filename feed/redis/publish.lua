-- Appends entries to one partition of the feed, under dense offsets that are the stream's ids. Each names the link of the one before it ('p') and its own
-- ('l'), so that a follower notices a feed that lost its tail and went on under the same offsets.
-- KEYS: the stream, the hash that holds its tail. ARGV: capacity, the link of all entries of this call, then the entries.
local tail = tonumber(redis.call('HGET', KEYS[2], 'tail') or '0')
local link = redis.call('HGET', KEYS[2], 'link') or '0'
for i = 3, #ARGV do
  tail = tail + 1
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], string.format('%.0f-0', tail), 'e', ARGV[i], 'p', link, 'l', ARGV[2])
  link = ARGV[2]
end
redis.call('HSET', KEYS[2], 'tail', string.format('%.0f', tail), 'link', link)
return tail
