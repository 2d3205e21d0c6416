// Pause holds a pod's network while its containers come and go, and takes in the processes that they leave behind.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	ended := make(chan os.Signal, 16)
	signal.Notify(ended, syscall.SIGCHLD)
	for {
		select {
		case <-stop:
			return
		case <-ended:
			for pid := 1; pid > 0; {
				var err error
				if pid, err = syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil {
					break
				}
			}
		}
	}
}
