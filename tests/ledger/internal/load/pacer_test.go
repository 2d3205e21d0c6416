package load

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestPacerKeepsTheRate(t *testing.T) {
	start := time.Unix(1000, 0)
	now, pace := start, pacer{rate: 500}
	for range 100 {
		now = now.Add(pace.wait(now, 10))
	}
	if took := now.Sub(start); took != 99*20*time.Millisecond {
		t.Errorf("the 100th ten of 500/s came after %v", took)
	}
}

func TestPacerMakesUpForShortStallsOnly(t *testing.T) {
	for _, c := range []struct{ stall, want time.Duration }{
		{500 * time.Millisecond, 500 * time.Millisecond},
		{time.Minute, catchUp},
	} {
		now, pace := time.Unix(1000, 0), pacer{rate: 100}
		pace.wait(now, 1)
		now = now.Add(c.stall)
		spans := 0
		for pace.wait(now, 1) == 0 {
			spans++
		}
		madeUp := time.Duration(spans) * 10 * time.Millisecond
		if diff := madeUp - c.want; diff < -20*time.Millisecond || diff > 20*time.Millisecond {
			t.Errorf("after %v, %v of spans at once, want %v", c.stall, madeUp, c.want)
		}
	}
}

func TestPacerWithoutRate(t *testing.T) {
	pace := pacer{}
	if wait := pace.wait(time.Unix(1000, 0), 1000); wait != 0 {
		t.Error(wait)
	}
}

func TestLags(t *testing.T) {
	for _, c := range []struct {
		name  string
		plan  Plan
		spans int
		want  []int
	}{
		{"together", Plan{Rate: 100}, 3, []int{0, 0, 0}},
		{"a slot is 30 ms", Plan{Rate: 100, TraceDuration: 300 * time.Millisecond}, 3, []int{0, 5, 10}},
		{"one span has no duration", Plan{Rate: 100, TraceDuration: time.Second}, 1, []int{0}},
	} {
		if got := c.plan.lags(c.spans); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-3": 0, "7": 7 * time.Second,
		now.Add(9 * time.Second).Format(http.TimeFormat): 9 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):      0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
