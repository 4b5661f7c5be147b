"""What others read: one self-contained HTML file about a run, alarms first."""
