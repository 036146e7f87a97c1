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
	cluster    bool // in a Redis Cluster: no script reaches keys of two partitions
}

func (k keys) of(partition int, rest string) string {
	return "{" + k.prefix + ":" + strconv.Itoa(partition) + "}:" + rest
}

func (k keys) settings() string           { return "{" + k.prefix + "}:settings" }
func (k keys) log(partition int) string   { return k.of(partition, "log") }
func (k keys) meta(partition int) string  { return k.of(partition, "meta") }
func (k keys) head(r eventlog.Ref) string { return k.headIn(k.partitionOf(r), r) }
func (k keys) headIn(partition int, r eventlog.Ref) string {
	return k.of(partition, "head:"+r.Entity+":"+r.ID)
}

// receipt lies in the partition of the command's primary entity on a Cluster. Elsewhere it lies where the command id alone says, so that the id is told from the
// same id of another entity's command.
func (k keys) receipt(command string, primary eventlog.Ref) string {
	p := 0
	if k.cluster {
		p = k.partitionOf(primary)
	} else {
		p = eventlog.PartitionOfText("command", command, k.partitions)
	}
	return k.of(p, "cmd:"+command)
}

func (k keys) claimPartition(c eventlog.Claim) int {
	return eventlog.PartitionOfText(c.Field, c.Value, k.partitions)
}
func (k keys) claim(c eventlog.Claim) string {
	return k.of(k.claimPartition(c), "uniq:"+c.Field+":"+c.Value)
}

// abort marks that no append with the token can happen any more, see claims.go. It lies with the entity that was to have the value.
func (k keys) abort(partition int, token string) string { return k.of(partition, "abort:"+token) }

func (k keys) timers(partition int, kind string) string { return k.of(partition, "timers:"+kind) }
func (k keys) timerData(partition int, kind string) string {
	return k.of(partition, "timers:"+kind+":data")
}
func (k keys) cursors(partition int) string { return k.of(partition, "cursors") }
func (k keys) notes(kind string) string     { return k.of(0, "notes:"+kind) }
func (k keys) noteData(kind string) string  { return k.of(0, "notedata:"+kind) }

func (k keys) partitionOf(r eventlog.Ref) int { return k.placement.PartitionOf(r, k.partitions) }
