package eventlog

import "hash/fnv"

// MaxPartitions is the largest number of partitions that a log may have.
const MaxPartitions = 1024

// PartitionOf returns the partition, 0 to n-1, of an entity in a log of n partitions. It is stored in every log by what it put where: it never changes.
func PartitionOf(ref Ref, n int) int { return partitionOf(ref.Entity, ref.ID, n) }

// PartitionOfText is PartitionOf for what is kept by a text that is no entity's: receipts by command id, claims by value.
func PartitionOfText(kind, text string, n int) int { return partitionOf(kind, text, n) }

func partitionOf(kind, text string, n int) int {
	h := fnv.New64a()
	h.Write([]byte(kind))
	h.Write([]byte{0}) // neither side holds one, so ("a", "bc") and ("ab", "c") differ
	h.Write([]byte(text))
	v := h.Sum64()
	v ^= v >> 32 // the low bits of FNV alone follow the last bytes too closely
	return int(v % uint64(n))
}
