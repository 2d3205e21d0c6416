package load

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"time"
)

const (
	// hosts is how many machines the spans of a run come from, where their clocks are off.
	hosts = 8
	// jumpEvery is how long a clock is off by the same time. A span may be under way when it jumps, and then end before it began.
	jumpEvery = 10 * time.Second
)

// clocks are those of the hosts. Each is off by up to skew, either way.
type clocks struct {
	skew  time.Duration
	seed  uint64
	began time.Time
}

// read is what the host's clock shows, in nanoseconds since 1970.
func (c *clocks) read(host byte, now time.Time) uint64 {
	if c.skew == 0 {
		return uint64(now.UnixNano())
	}
	if c.began.IsZero() {
		c.began = now
	}
	turn := math.Floor(float64(now.Sub(c.began)) / float64(jumpEvery))
	hash := fnv.New64a()
	hash.Write(binary.LittleEndian.AppendUint64([]byte{host % hosts}, c.seed))
	hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(int64(turn))))
	share := 2*float64(mix(hash.Sum64()))/math.MaxUint64 - 1
	return uint64(now.Add(time.Duration(share * float64(c.skew))).UnixNano())
}

// mix spreads what a short input leaves in the low bits of its hash.
func mix(hash uint64) uint64 {
	hash ^= hash >> 33
	hash *= 0xff51afd7ed558ccd
	return hash ^ hash>>33
}
