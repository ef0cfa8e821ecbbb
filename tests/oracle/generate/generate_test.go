// SPDX-License-Identifier: MIT

package generate

import (
	"bytes"
	"testing"

	"swell/tests/oracle/replay"
	"swell/tests/oracle/scenario"
)

func play(t *testing.T, player *replay.Player, seed, index uint64) (line []byte, results []scenario.Result) {
	t.Helper()
	scene := New(seed, index)
	results, err := player.PlayLive(scene.Head(), scene.Next)
	if err != nil {
		t.Fatalf("seed %d index %d: %v", seed, index, err)
	}
	return scene.Line(), results
}

func newPlayer(t *testing.T) *replay.Player {
	t.Helper()
	player, err := replay.New(t)
	if err != nil {
		t.Fatal(err)
	}
	return player
}

func TestSameSeedAndIndexMakeTheSameScenario(t *testing.T) {
	player := newPlayer(t)
	for index := range uint64(20) {
		first, _ := play(t, player, 5, index)
		again, _ := play(t, player, 5, index)
		if !bytes.Equal(first, again) {
			t.Fatalf("index %d: a second time it is another", index)
		}
	}
	one, _ := play(t, player, 5, 0)
	if other, _ := play(t, player, 6, 0); bytes.Equal(one, other) {
		t.Error("another seed makes the same")
	}
}

func TestAScenarioPlaysAsItWasMade(t *testing.T) {
	player := newPlayer(t)
	for index := range uint64(20) {
		line, made := play(t, player, 9, index)
		s, err := scenario.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		played, err := player.Play(s)
		if err != nil {
			t.Fatal(err)
		}
		var a, b bytes.Buffer
		if err := scenario.Write(&a, made); err != nil {
			t.Fatal(err)
		}
		if err := scenario.Write(&b, played); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("index %d: made\n%s\nplayed\n%s", index, &a, &b)
		}
	}
}

func TestReachesEveryReasonThereIs(t *testing.T) {
	missing := map[string]bool{}
	for _, reason := range []string{
		"SucceededGetScale", "ReadyForNewScale", "ScaleUpStabilized", "ScaleDownStabilized", "SucceededRescale",
		"FailedGetScale", "FailedUpdateScale", "ValidMetricFound", "ScalingDisabled", "InvalidSelector", "AmbiguousSelector",
		"InvalidMetricSourceType", "FailedGetResourceMetric", "FailedGetContainerResourceMetric", "FailedGetPodsMetric",
		"FailedGetObjectMetric", "FailedGetExternalMetric", "TooFewReplicas", "TooManyReplicas", "ScaleUpLimit",
		"ScaleDownLimit", "DesiredWithinRange", "SuccessfulRescale", "FailedRescale", "SelectorRequired", "FailedUpdateStatus",
		"FailedComputeMetricsReplicas",
	} {
		missing[reason] = true
	}
	player := newPlayer(t)
	for index := uint64(0); index < 500 && len(missing) > 0; index++ {
		_, results := play(t, player, 1, index)
		for _, r := range results {
			for _, c := range r.Status.Conditions {
				delete(missing, c.Reason)
			}
			for _, e := range r.Events {
				delete(missing, e.Reason)
			}
		}
	}
	for reason := range missing {
		t.Errorf("%s never comes", reason)
	}
}
