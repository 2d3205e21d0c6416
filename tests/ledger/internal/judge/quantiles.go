package judge

import (
	"math"
	"slices"
	"time"
)

// Quantiles are seconds; null where nothing was measured.
type Quantiles struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	Max *float64 `json:"max"`
}

// QuantilesOf takes nearest ranks, so every figure is one that was measured.
func QuantilesOf(durations []time.Duration) Quantiles {
	if len(durations) == 0 {
		return Quantiles{}
	}
	sorted := slices.Sorted(slices.Values(durations))
	at := func(share float64) *float64 {
		rank := max(1, int(math.Ceil(share*float64(len(sorted)))))
		seconds := sorted[rank-1].Seconds()
		return &seconds
	}
	return Quantiles{P50: at(0.5), P95: at(0.95), Max: at(1)}
}
