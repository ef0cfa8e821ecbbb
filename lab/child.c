// SPDX-License-Identifier: MIT
#include "lab/child.h"

#include "base/err.h"
#include "base/signals.h"
#include "lab/cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sets *ret_fd to what stdout becomes; -1: it stays. 0 or a negative errno. */
static int open_log(const struct child_spec *spec, int *ret_fd)
{
    *ret_fd = spec->stdout_fd;
    if (spec->stdout_fd >= 0 || !spec->log)
        return 0;
    *ret_fd = open(spec->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return *ret_fd < 0 ? -errno : 0;
}

static void read_nothing(void)
{
    int fd = open("/dev/null", O_RDONLY);

    if (fd > STDIN_FILENO) {
        (void)dup2(fd, STDIN_FILENO);
        (void)close(fd);
    }
}

/* Libraries open descriptors without close-on-exec too. A connection that a pod inherits stays open
 * for its other end, whoever else closes it. */
static void keep_only_standard_descriptors(void)
{
    (void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* Between fork and exec: async-signal-safe calls only. A failure goes to the parent as errno. */
static void become(const struct child_spec *spec, int log_fd, pid_t parent, int report_fd)
{
    int failed = 0;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(127);
    (void)setpgid(0, 0); /* Ctrl-C at the terminal is for the lab, which stops its pods in order */
    signals_restore();
    if (spec->group)
        failed = -cpu_group_join(spec->group);
    if (spec->folder && chdir(spec->folder) < 0)
        failed = errno;
    read_nothing();
    if (log_fd >= 0)
        (void)dup2(log_fd, STDOUT_FILENO);
    if (log_fd >= 0 && spec->stdout_fd < 0)
        (void)dup2(log_fd, STDERR_FILENO);
    keep_only_standard_descriptors();
    if (!failed) {
        (void)execve(spec->program, spec->argv, spec->envp ? spec->envp : environ);
        failed = errno;
    }
    (void)!write(report_fd, &failed, sizeof(failed));
    _exit(127);
}

/* The pipe closes by exec; before that, an errno comes through it. */
static int wait_for_exec(int fd)
{
    int failed = 0;
    ssize_t n;

    do
        n = read(fd, &failed, sizeof(failed));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(failed) ? -failed : 0;
}

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

pid_t child_start(const struct child_spec *spec, int *ret_pidfd, struct err *err)
{
    int report[2], log_fd;
    pid_t parent = getpid();
    int opened = open_log(spec, &log_fd);

    if (opened < 0)
        return err_errno(err, -opened, "cannot write '%s'", spec->log);
    if (pipe2(report, O_CLOEXEC) < 0) {
        int saved = errno;
        if (log_fd != spec->stdout_fd)
            (void)close(log_fd);
        return err_errno(err, saved, "cannot start '%s'", spec->program);
    }
    pid_t pid = fork();
    if (pid == 0)
        become(spec, log_fd, parent, report[1]);
    int saved = errno;
    (void)close(report[1]);
    if (log_fd >= 0 && log_fd != spec->stdout_fd)
        (void)close(log_fd);

    int r = pid < 0 ? -saved : wait_for_exec(report[0]);
    (void)close(report[0]);
    int pidfd = r == 0 ? open_pidfd(pid) : -1;
    if (r == 0 && pidfd < 0) {
        r = -errno;
        (void)kill(pid, SIGKILL);
    }
    if (r < 0 && pid > 0)
        (void)child_reap(pid);
    if (r < 0)
        return err_errno(err, -r, "cannot start '%s'", spec->program);
    *ret_pidfd = pidfd;
    return pid;
}

int child_reap(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
