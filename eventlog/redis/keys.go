package redis

import (
	"strconv"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// keys names everything that the log keeps in Redis. All keys of a partition share a hash tag.
type keys struct {
	prefix     string
	partitions int
	placement  eventlog.Placement
}

func (k keys) of(partition int, rest string) string {
	return "{" + k.prefix + ":" + strconv.Itoa(partition) + "}:" + rest
}

func (k keys) settings() string           { return "{" + k.prefix + "}:settings" }
func (k keys) log(partition int) string   { return k.of(partition, "log") }
func (k keys) meta(partition int) string  { return k.of(partition, "meta") }
func (k keys) head(r eventlog.Ref) string { return k.of(k.partitionOf(r), "head:"+r.Entity+":"+r.ID) }
func (k keys) receipt(command string) string {
	return k.of(eventlog.PartitionOfText("command", command, k.partitions), "cmd:"+command)
}
func (k keys) claim(c eventlog.Claim) string {
	return k.of(eventlog.PartitionOfText(c.Field, c.Value, k.partitions), "uniq:"+c.Field+":"+c.Value)
}
func (k keys) timers(partition int, kind string) string { return k.of(partition, "timers:"+kind) }
func (k keys) timerData(partition int, kind string) string {
	return k.of(partition, "timers:"+kind+":data")
}
func (k keys) cursors(partition int) string { return k.of(partition, "cursors") }
func (k keys) notes(kind string) string     { return k.of(0, "notes:"+kind) }
func (k keys) noteData(kind string) string  { return k.of(0, "notedata:"+kind) }

func (k keys) partitionOf(r eventlog.Ref) int { return k.placement.PartitionOf(r, k.partitions) }
