import { readdirSync } from "node:fs";

/** What processes use of the machine; sums over all of them. */
export interface Usage {
  /** User and system time since their start, seconds. */
  cpuSeconds: number;
  /** What of that was spent in the kernel. */
  kernelSeconds: number;
  /** Resident memory, bytes. */
  rssBytes: number;
  /** Open file descriptors. */
  descriptors: number;
}

/** Clock ticks a second in `/proc/PID/stat`: USER_HZ, 100 on every Linux. */
const TICKS_PER_SECOND = 100;

/** The fields of `/proc/PID/stat` from the third on: the second is a name in brackets, which may hold anything. */
function statOf(pid: number | string): string[] {
  return Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
}

/** What a process has used of the processor by its own code and in the kernel, seconds. */
export function cpuTimesOf(pid: number): { userSeconds: number; kernelSeconds: number } {
  const stat = statOf(pid);
  return {
    userSeconds: Number(stat[11]) / TICKS_PER_SECOND,
    kernelSeconds: Number(stat[12]) / TICKS_PER_SECOND,
  };
}

/** Reads what processes, all their threads included, have used; ended ones count as nothing. */
export function usageOf(pids: readonly number[]): Usage {
  const total: Usage = { cpuSeconds: 0, kernelSeconds: 0, rssBytes: 0, descriptors: 0 };
  for (const pid of pids) {
    try {
      const { userSeconds, kernelSeconds } = cpuTimesOf(pid);
      total.cpuSeconds += userSeconds + kernelSeconds;
      total.kernelSeconds += kernelSeconds;
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
      total.rssBytes += Number(kilobytes?.[1] ?? 0) * 1024;
      total.descriptors += readdirSync(`/proc/${pid}/fd`).length;
    } catch {
      // Ended meanwhile.
    }
  }
  return total;
}

/** What the ended children of a process had used of the processor, seconds. */
export function cpuSecondsOfEnded(pid: number): number {
  const stat = statOf(pid);
  return (Number(stat[13]) + Number(stat[14])) / TICKS_PER_SECOND;
}

/** The process and all its descendants. */
export function processTree(pid: number): number[] {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      return Number(statOf(name)[1]) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
  return [pid, ...children.flatMap(processTree)];
}
