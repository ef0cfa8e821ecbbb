// SPDX-License-Identifier: MIT
// What a pod's first container runs: nothing. It keeps the pod's namespaces and ends when told to.
#include <signal.h>
#include <unistd.h>

static void end(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

int main(void)
{
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGCHLD, SIG_IGN); // the kernel reaps what other containers of the pod leave
    for (;;)
        pause();
}
