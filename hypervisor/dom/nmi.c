/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs: of the machine, with the reasons that the chipset gives in port 0x61
 * (bits 7 SERR#, 6 IOCHK#; bits 2 and 3 clear them and turn them off), on to
 * dom0 as nmi= says; and those that a vcpu sends.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/entry.h>
#include <tenon/softirq.h>
#include <public/nmi.h>

#define PORT_STATUS  0x61
#define STATUS_SERR  0x80
#define STATUS_IOCHK 0x40
#define CLEAR_SERR   0x04
#define CLEAR_IOCHK  0x08
#define STATUS_KEEP  0x0f

static uint64_t reasons; /* XEN_NMIREASON_*, not yet told */
static uint64_t count;

void vcpu_send_nmi(struct vcpu *v)
{
	atomic_write(&v->nmi_pending, true);
	sched_unblock(v);
}

bool entry_nmi(void)
{
	uint32_t status = arch_io_read(PORT_STATUS, 1);
	uint32_t clear = status & STATUS_KEEP;
	uint64_t why = 0;

	if (status & STATUS_SERR) {
		why |= XEN_NMIREASON_pci_serr;
		clear |= CLEAR_SERR;
	}
	if (status & STATUS_IOCHK) {
		why |= XEN_NMIREASON_io_error;
		clear |= CLEAR_IOCHK;
	}
	if (why)
		arch_io_write(PORT_STATUS, 1, clear);
	else
		why = XEN_NMIREASON_unknown;
	count++;
	atomic_or(&reasons, why);
	softirq_raise(SOFTIRQ_NMI);
	return boot_options.nmi == BOOT_NMI_FATAL;
}

static void tell(void)
{
	uint64_t why = atomic_swap(&reasons, 0);
	bool is_told = dom0 && boot_options.nmi == BOOT_NMI_DOM0;

	log_warn("NMI:%s%s%s%s",
		why & XEN_NMIREASON_pci_serr ? " a PCI bus reports SERR;" : "",
		why & XEN_NMIREASON_io_error ? " a device reports IOCHK;" : "",
		why & XEN_NMIREASON_unknown ? " for an unknown reason;" : "",
		is_told ? " dom0 is told" : " ignored");
	if (!is_told)
		return;
	atomic_or(&dom0->shared_info->arch.nmi_reason, why);
	vcpu_send_nmi(dom0->vcpu[0]);
}

void nmi_init(void)
{
	softirq_register(SOFTIRQ_NMI, tell);
}

uint64_t nmi_count(void)
{
	return READ_ONCE(count);
}
