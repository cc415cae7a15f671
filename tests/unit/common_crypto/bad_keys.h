/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that must be refused: made for this test and used nowhere. */
#ifndef SHILLING_TESTS_UNIT_COMMON_CRYPTO_BAD_KEYS_H
#define SHILLING_TESTS_UNIT_COMMON_CRYPTO_BAD_KEYS_H

static const char SHORT_PRIVATE[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBALShfh1ci4mQc8vx\n"
    "KlrCzcwOS8UQkNHGfSx68LjyTNY04QUnVp+uN0/4izHfdbPmJc7cSSX4KhD2qPNV\n"
    "0VDcQjLJSE6smQSJTpUH1MXXZj7G1cSRb0to7+s9RW7OU/zuuPzVzx2lYtGA3ood\n"
    "Bdp1bY2l6x83Eit4zOL+4SNzT6VXAgMBAAECgYBZa8k/R91cUMLCp7VMETxIVJt2\n"
    "B2lqMFUve/1H0cvwD2WGY58ileCUGnruSa2/TaRR8APWZDCPDU0+ibGB0kiCfoav\n"
    "/s7gOHEx53funsyFDBLCRS8sVpmfR3a/yTtM15TfrDZhN4exppFVTrkuIws7BhLy\n"
    "uxqA7jEDqoFksnbAwQJBAOTsMcScZ/WQywW6bkNfoq99kX5SR0wR6HkBpyffOJ7C\n"
    "i/5qTloOpQoO+BjjhfeyUrqHT/LykTN70QNzQNdtf68CQQDJ/wQ2fZT53XV60DfG\n"
    "DvmSyQwIZwRiARfPW832eSM6dJGYII+ufVpWZ5MGk4lTBF/ud6fkWrfWxVyhV7wi\n"
    "yLbZAkAWZ39fbKdIA0m7X8mW0m9LmZB5une73CzSWvUPE+uorgWheqn8al6Ao4Jo\n"
    "fSwJV+x80O1kK5VGYqHMIqV/7/mFAkBd1WUzmurVl5a3UnpWOyaclWBNlu1mSXOy\n"
    "E8d9s5A122i27olQWVLZyIt4BplIQ0P9FwCbB7lWv5/kI0l2Lx8hAkB81c78UBhQ\n"
    "W2tnrop+oMirmvpyVaIoN8xybTUYAgiSp/C7cGoZh8EyLhig+wfMGwPVUM558uRn\n"
    "BcAn5CnFWXxG\n"
    "-----END PRIVATE KEY-----\n";

static const char SHORT_PUBLIC[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC0oX4dXIuJkHPL8Spaws3MDkvF\n"
    "EJDRxn0sevC48kzWNOEFJ1afrjdP+Isx33Wz5iXO3Ekl+CoQ9qjzVdFQ3EIyyUhO\n"
    "rJkEiU6VB9TF12Y+xtXEkW9LaO/rPUVuzlP87rj81c8dpWLRgN6KHQXadW2Npesf\n"
    "NxIreMzi/uEjc0+lVwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

static const char ENCRYPTED[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                "MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQI+pVZhJ/o1W4CAggA\n"
                                "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAECBBCQXumFNTh929r/1yfFN3ZwBIIE\n"
                                "0OCmWWcCPagi7c4B8/g9ROMZE4sFamnnNU6knqS2DloFFPB/DUmeYzTWJM14PHWX\n"
                                "6wR+5A5MdXDB2UYwW/eSNQn+JXetceAEC3gwBJln2yAqiyt69+QCkruzanbaZ//f\n"
                                "apD9z/BrPLK4wDh2+2olM6eBAYBaPhAzHE87EZvT74BjQg9L8G8tF/YOp6VRUzAg\n"
                                "tjstz+KdlWNT70D7A/XKov8l0XiPJATe2wLbXSjHNR1SkQcTVt01u0rshfJO3iy3\n"
                                "yk1hOF0Tdcg4PfS5dI4zJnc2xjKdVeH9WalH+Qz8VLuLTMUWTTa6QfwRNcbmPH+W\n"
                                "JIyg5T9S6wKQ4mv9wKtp/jj0yBONc+AoFf0uv7Iq0FRU3xFTolc25f13UYuiboAN\n"
                                "DkehmojP7LKthbGn46GLCoqe7wzEiR9Lb1GynX/JuZLs2O7k7+/oKxZOMGNDm/Ku\n"
                                "GqS0SwZ2GqQ2yFh3eK/LCWKp/Y++R9w4DAD+hFbRrC2+Wvn4E6ggLGAyg0wq5XwJ\n"
                                "CklZBWrRd1BkiL5780wCIDPff6/FQG/ylKmZ66PESOpQwBUDcgppnp6v48yY5nhu\n"
                                "R/ZnLrV6dG5lVdFU4JJ+Cd+4DpO7BF55DhIy0/27qOP242xGPDNOfLNTgdJLpyWf\n"
                                "IgtgTUW+D8Bt2VyUWd4abI+dfvnBgWUBan61OgYxJEX9ubDOzk/QRxBTzoItAYJk\n"
                                "AgKd9jFSNTSE/cY89KRrSozUtTK464TsqiIaN4xxYm+7GinvYwriy+y7/SvVoVqH\n"
                                "hdwGEqq1nshXwj5VkLiJMoua7Tmc67XMrgbFTCskqVN84uXkEmwdADLxsqFQRvSX\n"
                                "xU/vap5gcq2dKmY0BB1ExBozwxbqESqgmg2MKJTI3Qw0F4BSenLSsQLQH+AufEPH\n"
                                "9mm+es7e8n8C4WTrAhGxJKLv7DkClGhiUmTamPH+3FLy96Rq1GV5uRlRcSqnNo+b\n"
                                "uWmd0W5LIMFoP4MFIBWnklmQmimyF7G4AFdp1dJitRwW/57N8xfdAbrcSGbFRnLK\n"
                                "PwSNqzn1RxxJynCRM0zAn67yoUJPNHy7S+VnCKGym1QVgp6exj4SwdLXWCrKCGbM\n"
                                "04lbaIdVAAmEj+1mV1ZTXqitHOtty23do60f/jSjDgZAz/azh+GleaHVnH0Whike\n"
                                "5vV1RohyUH90+KidVQ/cGLgUZORdHhA5WVFUElrhXE38BjRjQKsDQ4VAy3H8AMDO\n"
                                "E9rW1JtaB5rA2+LNtOknXzEg96sJIAMiHUNt4ZnqslMfdKeUqCM4tA2yC2doOAnz\n"
                                "5tClHY9UdtPFuvFweFssgPJLKEhER50mrkJg5CEGZbAyaLIacN6wYw/ABq09U76A\n"
                                "e/auT+xwbdbpW9MGC1xIch6X00RgHp2mMWzC6hI2AYvOG57k+VeeX1Rx/Xd0CLM1\n"
                                "Jswpp+Ny0no6CKGMt0wgaRbbRZcwr/jTADtqnUZGWX3E8KnHHEEAXH2wYIBIEanV\n"
                                "GJmUx8YgUpJ/tyKgETQ5rPmJGzjdNsC/omEjpqO2x7DbXWgsJWtNS9edbpApN5RA\n"
                                "C7nawVhR1Zy+iBhq3IzoHvE9LiuShc5AuVb4+HRhvi0tk2TzI3UdXGRXaGezhqP0\n"
                                "vkdIG2MjQd5vx2usw6TBSbL5vX7QM5Znir8P6q3fdA5N\n"
                                "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char ELLIPTIC[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAZyiI6sd14+r/jq\n"
                               "2veUlrkqvVKxwaVqM2wBcCXWV7uhRANCAARmahTNTWUEjGSXEOs/znuRYijWQLNG\n"
                               "JQc/vR0sHM/qbuOuV0zW4W1YUuNWzavnYeUWJ7FlPad9cQnxRBi57lGa\n"
                               "-----END PRIVATE KEY-----\n";

#endif
