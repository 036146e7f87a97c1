package eventlog

import (
	"fmt"
	"time"
)

// Defaults of every engine's Options.
const (
	DefaultPartitions    = 16
	DefaultReceiptWindow = 7 * 24 * time.Hour
)

// CheckOptions checks what every engine's Options have, and returns the receipt window, DefaultReceiptWindow for 0. 0 partitions are the engine's to choose.
func CheckOptions(partitions int, window time.Duration) (time.Duration, error) {
	if partitions < 0 || partitions > MaxPartitions {
		return 0, fmt.Errorf("a log has 1 to %d partitions, not %d", MaxPartitions, partitions)
	}
	if window == 0 {
		window = DefaultReceiptWindow
	}
	if window < time.Minute {
		return 0, fmt.Errorf("the receipt window is at least a minute, not %s", window)
	}
	return window, nil
}
