package redis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

var (
	//go:embed append.lua
	appendSource string
	//go:embed load.lua
	loadSource string
	//go:embed init.lua
	initSource string
	//go:embed settings.lua
	settingsSource string
	//go:embed meta.lua
	metaSource string
	//go:embed ready.lua
	readySource string
	//go:embed claim.lua
	claimSource string
	//go:embed settle.lua
	settleSource string
	//go:embed history.lua
	historySource string
	//go:embed due.lua
	dueSource string
	//go:embed timers.lua
	timersSource string
	//go:embed move.lua
	moveSource string
	//go:embed cursor.lua
	cursorSource string
	//go:embed watermark.lua
	watermarkSource string
	//go:embed civil.lua
	civilSource string
	//go:embed addnote.lua
	addNoteSource string
	//go:embed notes.lua
	notesSource string
	//go:embed removenote.lua
	removeNoteSource string

	appendScript  = goredis.NewScript(appendSource)
	loadScript    = goredis.NewScript(loadSource)
	initScript    = goredis.NewScript(initSource)
	historyScript = goredis.NewScript(historySource)

	dueScript    = goredis.NewScript(dueSource)
	timersScript = goredis.NewScript(timersSource)
	moveScript   = goredis.NewScript(moveSource)
	cursorScript = goredis.NewScript(cursorSource)

	watermarkScript = goredis.NewScript(civilSource + watermarkSource)

	addNoteScript    = goredis.NewScript(addNoteSource)
	notesScript      = goredis.NewScript(notesSource)
	removeNoteScript = goredis.NewScript(removeNoteSource)

	settingsScript = goredis.NewScript(settingsSource)
	metaScript     = goredis.NewScript(metaSource)
	readyScript    = goredis.NewScript(readySource)
	claimScript    = goredis.NewScript(claimSource)
	settleScript   = goredis.NewScript(settleSource)
)

// checkServer refuses a server that can't keep a log, or be one of those that keep it.
func checkServer(ctx context.Context, c goredis.UniversalClient, cluster bool) error {
	if err := c.Ping(ctx).Err(); err != nil {
		return err
	}
	info := readInfo(ctx, c)
	switch {
	case !cluster && info["cluster_enabled"] == "1":
		return errCluster
	case info["role"] == "slave":
		return errors.New("it is a read-only replica: give the address of the master")
	case tooOld(info["redis_version"]):
		return fmt.Errorf("it is version %s: 6.2 or later is needed", info["redis_version"])
	}
	if p := info["maxmemory_policy"]; p != "" && p != "noeviction" {
		return fmt.Errorf("its maxmemory-policy is %s, by which it would throw parts of the log away: set maxmemory-policy noeviction", p)
	}
	return nil
}

// readInfo returns what INFO says, nothing if it can't be asked.
func readInfo(ctx context.Context, c goredis.UniversalClient) map[string]string {
	text, err := c.Info(ctx).Result()
	if err != nil {
		return nil
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

func tooOld(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	if err != nil {
		return false // unknown: let it try
	}
	b, _ := strconv.Atoi(minor)
	return a < 6 || a == 6 && b < 2
}

// inCluster is for a Cluster whose servers don't say that they are of one.
const inCluster = "it is a server of a Redis Cluster, and the Redis user may not ask it by INFO: grant that, or name a second server in the URL (?addr=host:port)"

// advice is what to do about what Redis answers, by the first word of the answer.
var advice = []struct{ word, text string }{
	{"OOM", "Redis is out of memory (maxmemory): give it more; nothing was written"},
	{"READONLY", "it is a read-only replica: give the address of the master; nothing was written"},
	{"MISCONF", "Redis can't save to its disk and refuses writes: see its log; nothing was written"},
	{"NOREPLICAS", "Redis has fewer replicas than min-replicas-to-write asks for; nothing was written"},
	{"WRONGTYPE", "a key of the log holds something else: choose another key prefix, or remove that key"},
	{"LOADING", "Redis is still loading its data: try again"},
	{"NOAUTH", "Redis wants a password: put it into the URL"},
	{"WRONGPASS", "the user name or password in the URL is wrong"},
	{"NOPERM", "the Redis user may not do that: grant it the key prefix and scripts"},
	{"CLUSTERDOWN", "the Redis Cluster lacks a master that serves the partition: see CLUSTER INFO; nothing was written"},
	{"TRYAGAIN", "the partition's slot is being moved to another master of the Redis Cluster: try again; nothing was written"},
	{"MOVED", inCluster},
	{"CROSSSLOT", inCluster},
	{"ERR SELECT is not allowed", "a Redis Cluster has database 0 only: leave the database out of the URL"},
}

// explain adds the advice to an answer of Redis.
func explain(err error) error {
	for _, a := range advice {
		if strings.HasPrefix(err.Error(), a.word) {
			return fmt.Errorf("%s (%w)", a.text, err)
		}
	}
	return err
}
